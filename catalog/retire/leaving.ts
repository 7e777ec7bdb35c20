import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { closeHoldsOfLeaving } from '../removals/close-holds.js';

/** What leaves the map: living entities by kind, columns of the tables, and entities that people described. */
export interface LeavingCounts {
  schemas: number;
  tables: number;
  columns: number;
  descriptions: number;
}

export interface LeavingDatabase extends LeavingCounts {
  id: string;
  name: string;
}

/** Databases that leave the map together, by name, and the sums of what goes with them. */
export interface Leaving extends LeavingCounts {
  databases: LeavingDatabase[];
}

/**
 * Databases of a crawler that would leave the map if its scope were this, by name. Those that are leaving already are
 * not among them.
 * @param keeping names that stay; nothing for a crawler that is deleted
 */
export async function leavingDatabases(
  database: Database,
  crawlerId: string,
  keeping: readonly string[],
): Promise<LeavingDatabase[]> {
  return query<LeavingDatabase>(
    database,
    `SELECT d.id, d.name, m.schemas, m.tables, m.columns, m.descriptions
       FROM collected_database d
       CROSS JOIN LATERAL (
         SELECT count(*) FILTER (WHERE e.kind = 'schema')::int AS schemas,
                count(*) FILTER (WHERE e.kind = 'table')::int AS tables,
                coalesce(sum(e.column_count) FILTER (WHERE e.kind = 'table'), 0)::float8 AS columns,
                count(a.description)::int AS descriptions
           FROM entity e
           LEFT JOIN annotation a ON a.entity_id = e.id AND a.column_name = ''
          WHERE e.collected_database_id = d.id AND e.removed_at IS NULL
       ) m
      WHERE d.crawler_id = :crawlerId AND d.retiring_at IS NULL AND d.name <> ALL (:keeping::text[])
      ORDER BY d.name`,
    { crawlerId, keeping: [...keeping] },
  );
}

/** Whether something that left a crawler's scope is still to be taken off the map. */
export async function anyLeaving(database: Database, crawlerId: string): Promise<boolean> {
  const leaving = await query(
    database,
    'SELECT 1 FROM collected_database WHERE crawler_id = ? AND retiring_at IS NOT NULL LIMIT 1',
    [crawlerId],
  );
  return leaving.length > 0;
}

/** Marks every database of a crawler as leaving: none is collected or shown any more. Repeatable. */
export async function letAllLeave(database: Database, crawlerId: string): Promise<void> {
  await query(
    database,
    'UPDATE collected_database SET retiring_at = now() WHERE crawler_id = ? AND retiring_at IS NULL',
    [crawlerId],
  );
  await closeHoldsOfLeaving(database, crawlerId);
}

/** The databases with the sums over them. */
export function allLeaving(databases: readonly LeavingDatabase[]): Leaving {
  const sum = (of: keyof LeavingCounts) => databases.reduce((total, database) => total + database[of], 0);
  return {
    databases: [...databases],
    schemas: sum('schemas'),
    tables: sum('tables'),
    columns: sum('columns'),
    descriptions: sum('descriptions'),
  };
}

/** What a scope would change: databases that would be collected anew, and what would leave the map. */
export interface ScopePreview {
  added: string[];
  leaving: Leaving;
}

/** Tells what changing a crawler's scope to these databases would do, without doing it. */
export async function previewScope(
  database: Database,
  crawlerId: string,
  databases: readonly string[],
): Promise<ScopePreview> {
  const collected = await query<{ name: string }>(
    database,
    'SELECT name FROM collected_database WHERE crawler_id = ? AND retiring_at IS NULL',
    [crawlerId],
  );
  const known = new Set(collected.map(({ name }) => name));
  return {
    added: databases.filter((name) => !known.has(name)).sort(),
    leaving: allLeaving(await leavingDatabases(database, crawlerId, databases)),
  };
}
