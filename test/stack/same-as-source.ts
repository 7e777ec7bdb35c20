import pg from 'pg';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** One line for each table or view: schema, name, and the names and types of its columns. Sorted; twice what is there twice. */
export type Shape = string[];

/** What a crawler's living tables look like on the map. */
export async function shapeOfMap(database: Database, crawlerId: string, name: string): Promise<Shape> {
  const rows = await query<{ line: string }>(
    database,
    `SELECT concat_ws('.', e.schema_name, e.name) || ' ' ||
            coalesce((SELECT string_agg(concat_ws(' ', c ->> 'name', c ->> 'type', c ->> 'comment'), ', ' ORDER BY place)
                        FROM jsonb_array_elements(e.structure::jsonb -> 'columns') WITH ORDINALITY AS columns (c, place)), '') AS line
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id
      WHERE d.crawler_id = ? AND d.name = ? AND e.kind = 'table' AND e.removed_at IS NULL`,
    [crawlerId, name],
  );
  return rows.map(({ line }) => line).sort();
}

/** The same of a PostgreSQL database, by its own catalogue. Partitions belong to their parent. */
export async function shapeOfSource(url: string): Promise<Shape> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(`
      SELECT n.nspname || '.' || c.relname || ' ' ||
             coalesce(string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)), ', '
                                 ORDER BY a.attnum), '') AS line
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition
         AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
       GROUP BY n.nspname, c.oid, c.relname`);
    return rows.map(({ line }) => line).sort();
  } finally {
    await client.end();
  }
}

/** Ids and names of a crawler's living entities, as the catalog has them and as search has them. */
export async function mapAndSearch(
  database: Database,
  crawlerId: string,
): Promise<{ map: string[]; search: string[] }> {
  const map = await query<{ line: string }>(
    database,
    `SELECT e.id || ' ' || e.name AS line
       FROM entity e JOIN collected_database d ON d.id = e.collected_database_id
      WHERE d.crawler_id = ? AND e.removed_at IS NULL`,
    [crawlerId],
  );
  const search = await query<{ line: string }>(
    database,
    `SELECT concat_ws(' ', document ->> 'id', document ->> 'name') AS line
       FROM search_document WHERE document ->> 'crawlerId' = ?`,
    [crawlerId],
  );
  return { map: map.map(({ line }) => line).sort(), search: search.map(({ line }) => line).sort() };
}
