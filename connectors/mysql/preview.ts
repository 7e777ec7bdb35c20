import { chooseColumns } from '../chosen-columns.js';
import { ConnectorError, type PreviewRequest, type PreviewRows } from '../contract.js';
import { previewCell } from '../preview-cell.js';
import { grantee, MysqlError } from './errors.js';
import { text } from './objects.js';
import { quoteIdentifier } from './quote-identifier.js';
import type { Session } from './session.js';

/**
 * What the account may see of a table's columns as they are now. PRIVILEGES lists what it may do with each.
 * https://dev.mysql.com/doc/refman/8.4/en/information-schema-columns-table.html
 */
const COLUMNS = `
SELECT COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, PRIVILEGES
  FROM information_schema.COLUMNS
 WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?
 ORDER BY ORDINAL_POSITION`;

const BINARY = /^(tiny|medium|long)?blob$|binary$|^(multi)?(point|linestring|polygon)$|^geom|^vector$/;

interface Column {
  name: string;
  type: string;
  binary: boolean;
  bits: boolean;
  readable: boolean;
}

/**
 * Reads the first rows that the server comes to, after asking what the table has now. The server cuts the values.
 * @throws ConnectorError, which quotes no value
 */
export async function previewTable(session: Session, request: PreviewRequest): Promise<PreviewRows> {
  const { valueLength } = request;
  await session.rows(limitOf(session, request.timeout));
  const found = (await session.rows(COLUMNS, [request.database, request.table])).map(columnOf);
  if (found.length === 0) throw gone(request);
  const { columns, refused, more } = chooseColumns(request, found, (denied) => noSelect(session, request, denied));
  const rows = await readRows(session, request, selectRows(request, columns));
  return {
    columns: columns.map(({ name, type }) => ({ name, type })),
    rows: rows.map((row) => columns.map(({ binary }, at) => previewCell(row[at], binary, valueLength))),
    refused,
    more,
  };
}

/** MariaDB counts in seconds, MySQL in milliseconds. */
function limitOf({ flavour }: Session, timeout: number): string {
  return flavour.product === 'MariaDB'
    ? `SET SESSION max_statement_time = ${timeout / 1_000}`
    : `SET SESSION max_execution_time = ${Math.round(timeout)}`;
}

function columnOf(row: readonly unknown[]): Column {
  const [name = '', type = '', kind = '', privileges = ''] = row.map(text);
  return {
    name,
    type,
    binary: BINARY.test(kind.toLowerCase()),
    bits: kind.toLowerCase() === 'bit',
    readable: privileges.split(',').includes('select'),
  };
}

function selectRows(
  { database, table, maxRows, valueLength }: PreviewRequest,
  columns: readonly { name: string; binary: boolean; bits: boolean }[],
): string {
  const list = columns.map(({ name, binary, bits }) => {
    const column = `t.${quoteIdentifier(name)}`;
    if (binary) return `OCTET_LENGTH(${column})`;
    if (bits) return `BIN(${column})`;
    return `LEFT(CONVERT(${column} USING utf8mb4), ${valueLength + 1})`;
  });
  const from = `${quoteIdentifier(database)}.${quoteIdentifier(table)}`;
  return `SELECT ${list.join(', ')}\n  FROM ${from} AS t\n LIMIT ${maxRows}`;
}

async function readRows(session: Session, request: PreviewRequest, sql: string): Promise<(readonly unknown[])[]> {
  try {
    return await session.rows(sql);
  } catch (error) {
    throw error instanceof ConnectorError ? explain(error, session, request) : error;
  }
}

/** The server's own words can quote a value, e.g. of a failed conversion in a view: only its number is passed on. */
function explain(error: ConnectorError, session: Session, request: PreviewRequest): ConnectorError {
  const number = error instanceof MysqlError ? error.errno : undefined;
  if (error.code === 'STATEMENT_TIMEOUT')
    return new ConnectorError(
      'STATEMENT_TIMEOUT',
      `${nameOf(request)} gave no rows within ${request.timeout / 1_000} s, and the statement was ended`,
      'A view may have to read much before its first row, or somebody alters the table: look at the tables below it, or ask again',
    );
  // ER_NO_SUCH_TABLE
  if (number === 1146) return gone(request);
  if (error.code === 'PERMISSION_DENIED') return noSelect(session, request, []);
  if (error.code !== 'SOURCE_ERROR') return error;
  return new ConnectorError(
    'SOURCE_ERROR',
    `The server could not read ${nameOf(request)}${number === undefined ? '' : ` (error ${number})`}`,
    "See the server's log at this time; its words are not shown, since they may quote what the table holds",
  );
}

const nameOf = ({ database, table }: PreviewRequest): string => `${database}.${table}`;

function gone(request: PreviewRequest): ConnectorError {
  return new ConnectorError(
    'TABLE_GONE',
    `The source shows no ${nameOf(request)} any more`,
    'It was dropped or renamed since it was collected, or the account may no longer see it: refresh it, or run its crawler',
  );
}

function noSelect(session: Session, request: PreviewRequest, columns: readonly string[]): ConnectorError {
  const of = columns.length === 0 ? '' : ` (${columns.map(quoteIdentifier).join(', ')})`;
  const account = session.identity.user;
  return new ConnectorError(
    'PERMISSION_DENIED',
    `${account} may not read rows of ${nameOf(request)}${columns.length === 0 ? '' : `: ${columns.join(', ')}`}`,
    `Collecting needs less than a preview. Let an administrator run: GRANT SELECT${of} ON ${quoteIdentifier(request.database)}.${quoteIdentifier(request.table)} TO ${grantee(account)}`,
  );
}
