import type { PoolClient } from 'pg';
import type { PublishingUnit, UnitKey } from './publishing-unit.js';
import { type Bounds, DEFAULT_BOUNDS } from './removal-bounds.js';
import type { MissingTables, RemovalFacts, TablesBySchema } from './removals.js';

/** Reads what a decision on removals is made from, as the catalog is before anything of the unit is merged. */
export async function readRemovalFacts(client: PoolClient, key: UnitKey, unit: PublishingUnit): Promise<RemovalFacts> {
  const missing = await missingTables(client, key, unit.collectedDatabaseId);
  const living = missing.size === 0 ? new Map() : await livingTables(client, unit.collectedDatabaseId);
  const { rows } = await client.query<{ ofDatabase: Bounds | null; ofCrawler: Bounds | null }>(
    `SELECT d.removal_guard AS "ofDatabase", c.removal_guard AS "ofCrawler"
     FROM collected_database d
     JOIN crawler c ON c.id = d.crawler_id
     WHERE d.id = $1`,
    [unit.collectedDatabaseId],
  );
  const ofCrawler = rows[0]?.ofCrawler ?? DEFAULT_BOUNDS;
  const crawler = missing.size === 0 ? { removed: 0, of: 0 } : await crawlerSoFar(client, key, unit, living);
  return { living, missing, bounds: rows[0]?.ofDatabase ?? ofCrawler, crawler: { ...crawler, bounds: ofCrawler } };
}

/**
 * Tables that would go, by what is known of their removal. One that was dropped and made again under its name is not
 * among them: the new object, which has a key that the catalog does not know, takes its entity over. NOT IN, because it
 * is hashed whatever the planner believes of a staging table.
 */
const MISSING_TABLES = `
  SELECT e.schema_name AS schema,
         count(*) FILTER (WHERE h.status IS NULL)::int AS fresh,
         count(*) FILTER (WHERE h.status IN ('held', 'approved'))::int AS waiting,
         count(*) FILTER (WHERE h.status IN ('expired', 'superseded'))::int AS again,
         count(*) FILTER (WHERE h.status = 'rejected')::int AS rejected
  FROM staged_object m
  JOIN source_object o ON o.collected_database_id = $3 AND o.native_key = m.native_key
  JOIN entity e ON e.id = o.entity_id
  LEFT JOIN held_removal_object held ON held.entity_id = e.id AND held.state = 'held'
  LEFT JOIN held_removal h ON h.id = held.held_removal_id
  WHERE m.run_id = $1 AND m.unit = $2 AND m.op = 'missing' AND m.kind = 'table'
    AND e.guid NOT IN (
      SELECT s.guid
      FROM staged_object s
      WHERE s.run_id = $1 AND s.unit = $2 AND s.op = 'upsert'
        AND NOT EXISTS (
          SELECT 1 FROM source_object k WHERE k.collected_database_id = $3 AND k.native_key = s.native_key
        )
    )
  GROUP BY e.schema_name`;

async function missingTables(
  client: PoolClient,
  { runId, unit }: UnitKey,
  collectedDatabaseId: string,
): Promise<ReadonlyMap<string | null, MissingTables>> {
  const { rows } = await client.query<{ schema: string | null } & MissingTables>(MISSING_TABLES, [
    runId,
    unit,
    collectedDatabaseId,
  ]);
  return new Map(rows.map(({ schema, ...tables }) => [schema, tables]));
}

async function livingTables(client: PoolClient, collectedDatabaseId: string): Promise<TablesBySchema> {
  const { rows } = await client.query<{ schema: string | null; tables: number }>(
    `SELECT schema_name AS schema, count(*)::int AS tables
     FROM entity
     WHERE collected_database_id = $1 AND kind = 'table' AND removed_at IS NULL
     GROUP BY schema_name`,
    [collectedDatabaseId],
  );
  return new Map(rows.map(({ schema, tables }) => [schema, tables]));
}

/**
 * What the run has decided to remove of the crawler's other databases, and of how many tables: those on the map when
 * each database was last published, and what this run took away since.
 */
async function crawlerSoFar(
  client: PoolClient,
  { runId, unit }: UnitKey,
  { crawlerId, collectedDatabaseId }: PublishingUnit,
  living: TablesBySchema,
): Promise<{ removed: number; of: number }> {
  const { rows } = await client.query<{ removed: number; elsewhere: number }>(
    `SELECT (
         SELECT coalesce(sum((u.receipt -> 'removals' ->> 'removing')::int), 0)::int
         FROM crawl_unit u
         WHERE u.run_id = $1 AND u.unit <> $2 AND u.status IN ('publishing', 'done', 'partial')
       ) AS removed,
       (
         SELECT coalesce(sum(d.table_count + CASE WHEN u.status IN ('done', 'partial')
                  THEN coalesce((u.receipt -> 'removals' ->> 'removing')::int, 0) ELSE 0 END), 0)::int
         FROM collected_database d
         LEFT JOIN crawl_unit u ON u.run_id = $1 AND u.collected_database_id = d.id
         WHERE d.crawler_id = $3 AND d.id <> $4 AND d.retiring_at IS NULL
       ) AS elsewhere`,
    [runId, unit, crawlerId, collectedDatabaseId],
  );
  const here = [...living.values()].reduce((sum, count) => sum + count, 0);
  return { removed: rows[0]?.removed ?? 0, of: here + (rows[0]?.elsewhere ?? 0) };
}
