import type { PoolClient } from 'pg';
import { type Database, withClient } from '../../db/database.js';
import { NotFound } from '../../db/refusals.js';
import { FORMER } from '../collect/native-key.js';
import { ENQUEUE_FOR_SEARCH } from '../collect/publish-sql.js';
import { tellOutsideOfRuns } from '../events/tell-outside-of-runs.js';
import { DatabaseBusy, NotRemoved, PlaceTaken } from './errors.js';
import { isBusy, lockDatabase } from './lock-database.js';

interface Tombstone {
  id: string;
  kind: 'schema' | 'table';
  guid: string;
  name: string;
  schema: string | null;
  removed: boolean;
}

/**
 * Puts what was removed back onto the map as it was, with its versions and people's words. It stays until a complete
 * listing that is made after this does not show it; where the source has it, that listing matches it by name. The
 * schema of a table comes back along with it.
 * @returns ids of the entities that came back
 * @throws NotFound, NotRemoved, PlaceTaken, DatabaseBusy
 */
export async function restoreEntity(database: Database, id: string): Promise<string[]> {
  return withClient(database, async (client) => {
    const found = await client.query<{ databaseId: string; database: string; leaving: boolean; crawlerId: string }>(
      `SELECT d.id AS "databaseId", d.name AS database, d.crawler_id AS "crawlerId",
              d.retiring_at IS NOT NULL OR c.status = 'deleting' AS leaving
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id
       JOIN crawler c ON c.id = d.crawler_id
       WHERE e.id = $1`,
      [id],
    );
    const place = found.rows[0];
    if (place === undefined || !(await lockDatabase(client, place.databaseId))) throw new NotFound('entity', id);
    if (place.leaving) throw new DatabaseBusy(place.database, true);
    if (await isBusy(client, place.databaseId, ['publishing'])) throw new DatabaseBusy(place.database, false);
    const tombstone = await lockTombstone(client, id);
    if (!tombstone.removed) throw new NotRemoved(id);
    await requireFree(client, tombstone);
    const restored = [id, ...(await schemaOf(client, place.databaseId, tombstone))];
    await client.query(RESTORE, [restored, FORMER]);
    await client.query(ENQUEUE_FOR_SEARCH, [place.crawlerId, restored]);
    if (tombstone.kind === 'table') {
      await tellOutsideOfRuns(client, { ...place, cause: 'restored' }, 'restored', [id]);
      await client.query(`UPDATE collected_database SET table_count = coalesce(table_count, 0) + 1 WHERE id = $1`, [
        place.databaseId,
      ]);
    }
    return restored;
  });
}

/** With a key that no listing shows, so that the next complete one decides. $1 ids, $2 how such a key begins. */
const RESTORE = `
  WITH living AS (
    UPDATE entity
    SET removed_at = NULL, removed_run_id = NULL
    WHERE id = ANY($1::bigint[])
    RETURNING id, kind, collected_database_id, hash
  )
  INSERT INTO source_object (collected_database_id, native_key, entity_id, fingerprint, hash)
  SELECT collected_database_id, $2 || kind || ':' || id, id, '', hash
  FROM living`;

async function lockTombstone(client: PoolClient, id: string): Promise<Tombstone> {
  const { rows } = await client.query<Tombstone>(
    `SELECT id, kind, guid, name, schema_name AS schema, removed_at IS NOT NULL AS removed
     FROM entity
     WHERE id = $1
     FOR UPDATE`,
    [id],
  );
  if (rows[0] === undefined) throw new NotFound('entity', id);
  return rows[0];
}

async function requireFree(client: PoolClient, { guid, name }: Tombstone): Promise<void> {
  const { rows } = await client.query<{ id: string }>(`SELECT id FROM entity WHERE guid = $1 AND removed_at IS NULL`, [
    guid,
  ]);
  if (rows[0] !== undefined) throw new PlaceTaken(name, rows[0].id);
}

/** The last tombstone of a table's schema, where no such schema is on the map. */
async function schemaOf(client: PoolClient, databaseId: string, { kind, schema }: Tombstone): Promise<string[]> {
  if (kind !== 'table' || schema === null) return [];
  const { rows } = await client.query<{ id: string }>(
    `SELECT e.id
     FROM entity e
     WHERE e.collected_database_id = $1 AND e.kind = 'schema' AND e.schema_name = $2 AND e.removed_at IS NOT NULL
       AND NOT EXISTS (
         SELECT 1
         FROM entity l
         WHERE l.collected_database_id = $1 AND l.kind = 'schema' AND l.schema_name = $2 AND l.removed_at IS NULL
       )
     ORDER BY e.removed_at DESC, e.id DESC
     LIMIT 1
     FOR UPDATE`,
    [databaseId, schema],
  );
  return rows.map((row) => row.id);
}
