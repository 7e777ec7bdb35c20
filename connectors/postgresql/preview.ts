import { chooseColumns } from '../chosen-columns.js';
import { ConnectorError, type PreviewRequest, type PreviewRows } from '../contract.js';
import { previewCell } from '../preview-cell.js';
import { StatementError } from './errors.js';
import { quoteIdentifier } from './quote-identifier.js';
import type { Session } from './session.js';

interface Found {
  usable: boolean;
  columns: { name: string; type: string; binary: boolean; readable: boolean }[] | null;
}

/** Of a relation by its name: its columns as they are now, and which of them the account may read. */
const FIND = `
SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usable,
       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                 'name', a.attname,
                 'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
                 'binary', 'pg_catalog.bytea'::pg_catalog.regtype IN (t.oid, t.typbasetype, t.typelem),
                 'readable', pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')) ORDER BY a.attnum)
          FROM pg_catalog.pg_attribute a
          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

/**
 * Reads the first rows that the server comes to. Two statements: what the table has now, then its rows, cut by the server.
 * @throws ConnectorError, which quotes no value
 */
export async function previewTable(session: Session, request: PreviewRequest): Promise<PreviewRows> {
  const { schema, table, maxRows, valueLength } = request;
  const [found] = await session.query<Found>(FIND, [schema ?? '', table]);
  if (found === undefined) throw gone(request);
  const user = session.identity.user;
  if (!found.usable) throw noUsage(request, user);
  const { columns, refused, more } = chooseColumns(request, found.columns ?? [], (denied) =>
    noSelect(request, user, denied),
  );
  const rows = await readRows(session, request, selectRows(request, columns));
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: rows
      .slice(0, maxRows)
      .map((row) => columns.map(({ binary }, at) => previewCell(row[`c${at}`], binary, valueLength))),
    refused,
    more,
  };
}

/** One more character than is shown tells whether a value goes on. */
function selectRows(
  { schema, table, maxRows, valueLength }: PreviewRequest,
  columns: readonly { name: string; type: string; binary: boolean }[],
): string {
  const list = columns.map(({ name, type, binary }, at) => {
    const column = `t.${quoteIdentifier(name)}`;
    const size = type.endsWith('[]') ? 'pg_column_size' : 'octet_length';
    const value = binary
      ? `pg_catalog.${size}(${column})`
      : `pg_catalog."left"(${column}::pg_catalog.text, ${valueLength + 1})`;
    return `${value} AS c${at}`;
  });
  const from = `${quoteIdentifier(schema ?? '')}.${quoteIdentifier(table)}`;
  return `SELECT ${list.join(', ')}\n  FROM ${from} AS t\n LIMIT ${maxRows}`;
}

async function readRows(
  session: Session,
  request: PreviewRequest,
  sql: string,
): Promise<Record<string, string | number | null>[]> {
  try {
    return await session.query(sql);
  } catch (error) {
    throw error instanceof StatementError ? explain(error, request, session.identity.user) : error;
  }
}

/** The server's own words can quote a value, e.g. of a failed conversion in a view: only its code is passed on. */
function explain(error: StatementError, request: PreviewRequest, user: string): ConnectorError {
  const { sqlState } = error;
  if (sqlState === '57014')
    return new ConnectorError(
      'STATEMENT_TIMEOUT',
      `${nameOf(request)} gave no rows within ${request.timeout / 1_000} s, and the statement was ended`,
      'A view may have to read much before its first row: look at the tables below it, or name fewer columns',
    );
  if (sqlState === '42P01') return gone(request);
  if (sqlState === '42501') return noSelect(request, user, []);
  if (sqlState === '55P03')
    return new ConnectorError(
      'STATEMENT_TIMEOUT',
      `${nameOf(request)} is locked by somebody at the source`,
      'Wait until the change there is through, and ask again',
    );
  if (sqlState === undefined) return error;
  return new ConnectorError(
    error.code,
    `The server could not read ${nameOf(request)} (${sqlState})`,
    "See the server's log at this time; its words are not shown, since they may quote what the table holds",
  );
}

const nameOf = ({ schema, table }: PreviewRequest): string => `${schema}.${table}`;

function gone(request: PreviewRequest): ConnectorError {
  return new ConnectorError(
    'TABLE_GONE',
    `The source has no ${nameOf(request)} any more`,
    'It was dropped or renamed since it was collected: refresh it, or run its crawler',
  );
}

function noUsage({ schema }: PreviewRequest, user: string): ConnectorError {
  return new ConnectorError(
    'PERMISSION_DENIED',
    `“${user}” may not use the schema “${schema}”`,
    `Let its owner run: GRANT USAGE ON SCHEMA ${quoteIdentifier(schema ?? '')} TO ${quoteIdentifier(user)}`,
  );
}

function noSelect(request: PreviewRequest, user: string, columns: readonly string[]): ConnectorError {
  const of = columns.length === 0 ? '' : ` (${columns.map(quoteIdentifier).join(', ')})`;
  const table = `${quoteIdentifier(request.schema ?? '')}.${quoteIdentifier(request.table)}`;
  return new ConnectorError(
    'PERMISSION_DENIED',
    `“${user}” may not read rows of ${nameOf(request)}${columns.length === 0 ? '' : `: ${columns.join(', ')}`}`,
    `Collecting needs no SELECT, a preview does. Let its owner run: GRANT SELECT${of} ON ${table} TO ${quoteIdentifier(user)}`,
  );
}
