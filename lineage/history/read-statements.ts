import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { StatementReader } from '../processes/statement-reader.js';
import type { Extraction, StatementLineage } from '../sql/statement-lineage.js';
import { tableKey } from '../sql/table-names.js';
import { externalKey, nodesOfEntities, nodesOfExternals } from '../store/nodes.js';
import { recordQueryProcesses } from '../store/query-processes.js';
import { type FoundColumn, type FoundEdge, replaceEdges } from '../store/record-edges.js';
import { sourcesOf } from '../views/edges-of-view.js';
import type { PendingStatement } from './pending-statements.js';
import { type TableOfStatement, tablesOfStatements } from './tables-of-statement.js';

/** A statement as it was read now. */
export interface ReadStatement {
  statement: PendingStatement;
  state: 'parsed' | 'partial';
  reason: string | null;
}

interface Read extends ReadStatement {
  tables: (TableOfStatement & { columns: string[] })[];
  parser: StatementLineage['parser'];
  edges: { upstream: TableOfStatement; downstream: TableOfStatement; direct: boolean; columns: FoundColumn[] }[];
}

/**
 * Reads a batch of statements: which tables of the map they read and write, with the columns that they name, and the edges of
 * those that write one table from others. Repeating it changes nothing.
 */
export async function readStatements(
  database: Database,
  reader: StatementReader,
  runId: string,
  statements: readonly PendingStatement[],
): Promise<ReadStatement[]> {
  const tables = await tablesOfStatements(database, statements);
  const extractions = await reader.readAll(
    statements.map(({ text, kind }, place) => ({
      sql: text,
      dialect: 'postgresql' as const,
      // Of a bare query nothing is written: what it is read for are the columns that it uses.
      ...(kind === 'select' ? { target: { table: { name: '' } } } : {}),
      columns: (tables[place] ?? []).flatMap(({ table, resolved }) =>
        resolved === undefined ? [] : [[table, resolved.columns] as const],
      ),
    })),
  );
  const read = statements.map((statement, place) =>
    readOne(statement, tables[place] ?? [], extractions[place] ?? { statements: [], unparsed: [] }),
  );
  await store(database, runId, read);
  return read;
}

function readOne(statement: PendingStatement, tables: readonly TableOfStatement[], extraction: Extraction): Read {
  const { statements, unparsed } = extraction;
  const byKey = new Map(tables.map((table) => [table.key, table]));
  const several = statement.writes.length > 1;
  const incomplete = statements.find(({ columnLevel }) => columnLevel !== 'complete');
  const moves = statement.writes.length > 0 && statement.reads.length > 0;
  // A plain INSERT of values is nothing to the parser's lineage, and whole all the same.
  const reason = several
    ? 'it changes several tables: which column goes where is not known'
    : (unparsed[0]?.reason ??
      incomplete?.reason ??
      (moves && statements.length === 0 ? 'its columns were not found' : undefined));
  return {
    statement,
    state: reason === undefined && incomplete === undefined ? 'parsed' : 'partial',
    reason: reason?.slice(0, 1_000) ?? null,
    parser: several || unparsed.length > 0 ? 'libpg-query' : (statements[0]?.parser ?? 'libpg-query'),
    tables: tables.map((table) => ({ ...table, columns: columnsOf(table, statements) })),
    edges: several || statements.length === 0 ? byTables(tables) : byColumns(statements, byKey),
  };
}

/** Columns of the table that the statement uses or fills, as far as they are known. */
function columnsOf({ key, resolved }: TableOfStatement, statements: readonly StatementLineage[]): string[] {
  const used = statements.flatMap(({ target, columns, indirect }) => [
    ...columns.flatMap(({ column, sources }) => [
      ...(tableKey(target) === key ? [column] : []),
      ...sources.filter(({ table }) => tableKey(table) === key).map(({ column: source }) => source),
    ]),
    ...indirect.filter(({ table }) => tableKey(table) === key).map(({ column }) => column),
  ]);
  const known = new Set(resolved?.columns);
  return [...new Set(used)].filter((column) => known.has(column)).sort();
}

/** Every table that is written from every one that is read. */
function byTables(tables: readonly TableOfStatement[]): Read['edges'] {
  const sources = tables.filter(({ reads }) => reads);
  return tables
    .filter(({ writes }) => writes)
    .flatMap((downstream) => sources.map((upstream) => ({ upstream, downstream, direct: true, columns: [] })));
}

function byColumns(
  statements: readonly StatementLineage[],
  byKey: ReadonlyMap<string, TableOfStatement>,
): Read['edges'] {
  return statements.flatMap((statement) => {
    const downstream = byKey.get(tableKey(statement.target));
    if (downstream === undefined || !downstream.writes) return [];
    return sourcesOf({ statements: [statement], unparsed: [] }).flatMap(({ table, direct, columns }) => {
      const upstream = byKey.get(tableKey(table));
      return upstream === undefined ? [] : [{ upstream, downstream, direct, columns }];
    });
  });
}

async function store(database: Database, runId: string, read: readonly Read[]): Promise<void> {
  await database.transaction(async (transaction) => {
    await noteTables(transaction, read);
    const moving = read.filter(({ statement: { reads, writes } }) => reads.length > 0 && writes.length > 0);
    const processes = await recordQueryProcesses(
      transaction,
      runId,
      moving.map(({ statement, state, reason, parser, tables }) => ({
        statementId: statement.id,
        name: NAMES[statement.kind] ?? 'Statement',
        collectedDatabaseId: statement.collectedDatabaseId,
        sql: statement.text,
        dialect: 'postgresql',
        state,
        parser,
        reason,
        unresolved: missingOf(tables).length,
      })),
    );
    const ends = moving.flatMap(({ edges }) => edges.flatMap(({ upstream, downstream }) => [upstream, downstream]));
    const entities = await nodesOfEntities(
      transaction,
      ends.flatMap(({ resolved }) => resolved?.entityId ?? []),
    );
    const externals = await nodesOfExternals(
      transaction,
      ends.flatMap(({ resolved, outside }) => (resolved === undefined && outside !== undefined ? [outside] : [])),
    );
    const nodeOf = ({ resolved, outside }: TableOfStatement): string | undefined =>
      resolved === undefined
        ? outside === undefined
          ? undefined
          : externals.get(externalKey(outside))
        : entities.get(resolved.entityId);
    const found = moving.flatMap(({ statement, edges }) =>
      edges.flatMap(({ upstream, downstream, ...edge }): FoundEdge[] => {
        const [from, to] = [nodeOf(upstream), nodeOf(downstream)];
        if (from === undefined || to === undefined) return [];
        if (upstream.resolved === undefined && downstream.resolved === undefined) return [];
        return [{ ...edge, processId: processes.get(statement.id) ?? '', upstream: from, downstream: to }];
      }),
    );
    await replaceEdges(transaction, [...processes.values()], merged(found));
  });
}

const NAMES: Record<string, string> = {
  select: 'SELECT',
  insert: 'INSERT',
  update: 'UPDATE',
  delete: 'DELETE',
  merge: 'MERGE',
  create_table: 'CREATE TABLE AS',
  select_into: 'SELECT INTO',
  copy: 'COPY',
};

/** A table that a statement names in two ways is one. */
function merged(edges: readonly FoundEdge[]): FoundEdge[] {
  const byEnds = new Map<string, FoundEdge>();
  for (const edge of edges) {
    const key = `${edge.processId} ${edge.upstream} ${edge.downstream}`;
    const before = byEnds.get(key);
    byEnds.set(key, {
      ...edge,
      direct: edge.direct || before?.direct === true,
      columns: [...(before?.columns ?? []), ...edge.columns],
    });
  }
  return [...byEnds.values()];
}

const missingOf = (tables: readonly TableOfStatement[]): string[] =>
  tables.filter(({ resolved }) => resolved === undefined).map(({ table }) => table.name);

async function noteTables(transaction: Database, read: readonly Read[]): Promise<void> {
  const ids = read.map(({ statement }) => statement.id);
  await query(
    transaction,
    `UPDATE query_statement s
     SET state = r.state, reason = r.reason, missing = ARRAY(SELECT jsonb_array_elements_text(r.missing)), read_at = now()
     FROM jsonb_to_recordset(:read) AS r(id bigint, state text, reason text, missing jsonb)
     WHERE s.id = r.id`,
    {
      read: JSON.stringify(
        read.map(({ statement, state, reason, tables }) => ({
          id: statement.id,
          state,
          reason,
          missing: missingOf(tables),
        })),
      ),
    },
  );
  await query(transaction, 'DELETE FROM query_table WHERE statement_id = ANY(?::bigint[])', [ids]);
  const tables = read.flatMap(({ statement, tables: of }) =>
    of.flatMap(({ resolved, reads, writes, columns }) =>
      resolved === undefined
        ? []
        : [{ statementId: statement.id, entityId: resolved.entityId, reads, writes, columns }],
    ),
  );
  await query(
    transaction,
    `INSERT INTO query_table (entity_id, statement_id, reads, writes, columns)
     SELECT t."entityId", t."statementId", bool_or(t.reads), bool_or(t.writes),
            ARRAY(SELECT DISTINCT c.name
                  FROM jsonb_array_elements(jsonb_agg(t.columns)) AS l(list)
                  CROSS JOIN jsonb_array_elements_text(l.list) AS c(name)
                  ORDER BY c.name)
     FROM jsonb_to_recordset(:tables)
       AS t("statementId" bigint, "entityId" bigint, reads boolean, writes boolean, columns jsonb)
     GROUP BY t."entityId", t."statementId"
     ORDER BY t."entityId", t."statementId"`,
    { tables: JSON.stringify(tables) },
  );
}
