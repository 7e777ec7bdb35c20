import type { Database } from '../../db/database.js';
import type { TableName } from '../sql/statement-lineage.js';
import { tableKey } from '../sql/table-names.js';
import { type ResolvedTable, resolveTables } from '../views/resolve-tables.js';
import { type NamedTable, namedTable } from '../views/source-naming.js';
import { isOwn } from './own-names.js';
import type { PendingStatement } from './pending-statements.js';

/** A table that a statement names, and what it is. */
export interface TableOfStatement {
  table: TableName;
  key: string;
  reads: boolean;
  writes: boolean;
  /** Undefined where the map has none of the name. */
  resolved: ResolvedTable | undefined;
  /** What the world outside calls it; undefined for a name without a schema that the map does not have: it may be a temporary table. */
  outside: NamedTable | undefined;
}

/**
 * The tables of each statement, the server's own left out. A name without a schema is the first of its path that the map has,
 * as the server looks for it.
 */
export async function tablesOfStatements(
  database: Database,
  statements: readonly PendingStatement[],
): Promise<TableOfStatement[][]> {
  const named = statements.map(namedTables);
  const guids = named.flat().flatMap(({ candidates }) => candidates.map(({ guid }) => guid));
  const found = await resolveTables(database, [...new Set(guids)]);
  return named.map((tables) =>
    tables.map(({ candidates, ...table }) => {
      const known = candidates.flatMap(({ guid }) => found.get(guid) ?? []);
      const [first] = candidates;
      return {
        ...table,
        resolved: known.find(({ removed }) => !removed) ?? known[0],
        outside: table.table.schema === undefined ? undefined : first,
      };
    }),
  );
}

function namedTables(
  statement: PendingStatement,
): (Pick<TableOfStatement, 'table' | 'key' | 'reads' | 'writes'> & { candidates: NamedTable[] })[] {
  const reads = new Set(statement.reads.map(tableKey));
  const writes = new Set(statement.writes.map(tableKey));
  const tables = new Map([...statement.reads, ...statement.writes].map((table) => [tableKey(table), table]));
  return [...tables].flatMap(([key, table]) => {
    if (isOwn(table)) return [];
    const schemas = table.schema === undefined ? statement.path : [table.schema];
    const candidates = schemas.map((schema) => namedTable({ ...table, schema }, statement));
    return [{ table, key, reads: reads.has(key), writes: writes.has(key), candidates }];
  });
}
