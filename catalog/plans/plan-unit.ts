import { type Database, withClient } from '../../db/database.js';
import { query } from '../../db/query.js';
import { beginPublishing } from '../collect/begin-publishing.js';
import { type FinishedUnit, finishPublishing } from '../collect/finish-publishing.js';
import { mergeNextPage } from '../collect/merge-page.js';
import { lockUnit, type UnitKey } from '../collect/publishing-unit.js';
import { type Problem, recordProblems } from '../runs/problems.js';

/** Changes read and written in one go. */
const BATCH = 5_000;

interface PlannedChange {
  entity_id: string | null;
  native_key: string | null;
  change: string;
  from_version: number | null;
  to_version: number | null;
  guid: string;
  kind: string;
  type: string;
  schema_name: string | null;
  name: string;
}

/**
 * Works out what publishing a collected unit would do to the map, and ends the unit as planned with its staged rows
 * kept. It is published in a transaction that is rolled back, so that a plan says what a run does by being one, removal
 * guard included. Repeatable until the unit has ended.
 * @param step called between two pages; throws to break off
 * @throws RunEnded, DatabaseLeftScope as lockUnit
 */
export async function planUnit(database: Database, key: UnitKey, step: () => void): Promise<FinishedUnit> {
  const rehearsal = await database.transaction();
  let planned: Awaited<ReturnType<typeof rehearse>>;
  try {
    planned = await rehearse(rehearsal, key, step);
  } finally {
    await rehearsal.rollback();
  }
  await save(database, key, planned);
  return planned.counts;
}

async function rehearse(rehearsal: Database, key: UnitKey, step: () => void) {
  const { collectedDatabaseId } = await beginPublishing(rehearsal, key);
  while ((await mergeNextPage(rehearsal, key)) > 0) step();
  const { counts, problems } = await finishPublishing(rehearsal, key);
  return { counts, problems, changes: await readChanges(rehearsal, key.runId, collectedDatabaseId) };
}

async function readChanges(rehearsal: Database, runId: string, collectedDatabaseId: string): Promise<PlannedChange[]> {
  const changes: PlannedChange[] = [];
  for (let after = '0', more = true; more; ) {
    const batch = await query<PlannedChange & { id: string }>(
      rehearsal,
      `SELECT r.entity_id AS id, CASE WHEN r.change = 'added' THEN NULL ELSE r.entity_id END AS entity_id,
              CASE WHEN r.change IN ('removed', 'held') THEN NULL ELSE o.native_key END AS native_key,
              r.change, r.from_version, r.to_version, split_part(e.guid, '#', 1) AS guid, e.kind, e.type,
              e.schema_name, e.name
         FROM run_change r
         JOIN entity e ON e.id = r.entity_id AND e.collected_database_id = :collectedDatabaseId
         LEFT JOIN source_object o ON o.entity_id = e.id
        WHERE r.run_id = :runId AND r.entity_id > CAST(:after AS bigint)
        ORDER BY r.entity_id
        LIMIT :limit`,
      { runId, collectedDatabaseId, after, limit: BATCH },
    );
    for (const { id: _, ...change } of batch) changes.push(change);
    after = batch.at(-1)?.id ?? after;
    more = batch.length === BATCH;
  }
  return changes;
}

async function save(
  database: Database,
  key: UnitKey,
  planned: { counts: FinishedUnit; problems: readonly Problem[]; changes: readonly PlannedChange[] },
): Promise<void> {
  await withClient(database, async (client, transaction) => {
    await lockUnit(client, key);
    await recordProblems(transaction, key.runId, key.unit, planned.problems);
    for (let from = 0; from < planned.changes.length; from += BATCH) {
      await client.query(INSERT_CHANGES, [
        key.runId,
        key.unit,
        JSON.stringify(planned.changes.slice(from, from + BATCH)),
      ]);
    }
    await client.query(
      `UPDATE crawl_unit SET status = 'planned', counts = $3, ended_at = now() WHERE run_id = $1 AND unit = $2`,
      [key.runId, key.unit, JSON.stringify(planned.counts)],
    );
  });
}

/** In the order in which the changes were made. $1 run, $2 unit, $3 changes. */
const INSERT_CHANGES = `
  INSERT INTO plan_change (
    run_id, unit, page, change, entity_id, native_key, from_version, to_version, guid, kind, type, schema_name, name
  )
  SELECT $1, $2, s.page, c.change, c.entity_id, c.native_key, c.from_version, c.to_version, c.guid, c.kind, c.type,
         c.schema_name, c.name
  FROM ROWS FROM (jsonb_to_recordset($3) AS (
    entity_id bigint, native_key text, change text, from_version integer, to_version integer, guid text, kind text,
    type text, schema_name text, name text
  )) WITH ORDINALITY AS c (
    entity_id, native_key, change, from_version, to_version, guid, kind, type, schema_name, name, place
  )
  LEFT JOIN staged_object s ON s.run_id = $1 AND s.unit = $2 AND s.op = 'upsert' AND s.native_key = c.native_key
  ORDER BY c.place`;
