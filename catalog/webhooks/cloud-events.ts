import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { WebhookEvent } from './webhook.js';

/** An event in the JSON format of CloudEvents 1.0: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
export interface CloudEvent {
  specversion: '1.0';
  /** The same whenever it is told again. */
  id: string;
  source: string;
  type: string;
  subject?: string;
  time: string;
  datacontenttype: 'application/json';
  data: Record<string, unknown>;
}

const TYPE = 'io.datamap.';

const CHANGES: Partial<Record<WebhookEvent, string[]>> = {
  'table.added': ['added', 'restored'],
  'table.changed': ['changed'],
  'table.removed': ['removed'],
};

interface ChangedTable {
  entityId: string;
  change: string;
  fromVersion: number | null;
  toVersion: number | null;
  guid: string;
  type: string;
  name: string;
  schema: string | null;
  database: string;
  crawlerId: string;
  at: Date;
}

/** Of entities `e` and their databases `d`. */
const TABLE_COLUMNS = `
  e.id AS "entityId", split_part(e.guid, '#', 1) AS guid, e.type, e.name, e.schema_name AS schema, d.name AS database`;

/** What a run changed, by entity, after `cursor`; the last batch is shorter than `limit`, and may be empty. */
export async function changesOfRun(
  database: Database,
  runId: string,
  wanted: readonly WebhookEvent[],
  cursor: string,
  limit: number,
): Promise<{ events: CloudEvent[]; cursor: string }> {
  const changes = wanted.flatMap((event) => CHANGES[event] ?? []);
  if (changes.length === 0) return { events: [], cursor };
  const rows = await query<ChangedTable & { number: number }>(
    database,
    `SELECT ${TABLE_COLUMNS}, x.change, x.from_version AS "fromVersion", x.to_version AS "toVersion",
            r.crawler_id AS "crawlerId", r.number::float8 AS number, r.ended_at AS at
       FROM run_change x
       JOIN crawl_run r ON r.id = x.run_id
       JOIN entity e ON e.id = x.entity_id AND e.kind = 'table'
       JOIN collected_database d ON d.id = e.collected_database_id
      WHERE x.run_id = :runId AND x.entity_id > CAST(:cursor AS bigint) AND x.change = ANY (:changes)
      ORDER BY x.entity_id
      LIMIT :limit`,
    { runId, cursor, changes, limit },
  );
  return {
    events: rows.map(({ number, ...table }) => eventOf(runId, table, { run: { id: runId, number } })),
    cursor: rows.at(-1)?.entityId ?? cursor,
  };
}

/** The same of what changed when no run did. */
export async function changesOfBatch(
  database: Database,
  batchId: string,
  wanted: readonly WebhookEvent[],
  cursor: string,
  limit: number,
): Promise<{ events: CloudEvent[]; cursor: string }> {
  const changes = wanted.flatMap((event) => CHANGES[event] ?? []);
  const rows = await query<ChangedTable & { cause: string }>(
    database,
    `SELECT ${TABLE_COLUMNS}, x.change, e.version AS "fromVersion",
            CASE x.change WHEN 'restored' THEN e.version END AS "toVersion",
            b.crawler_id AS "crawlerId", b.cause, b.at
       FROM change_batch_entity x
       JOIN change_batch b ON b.id = x.batch_id
       JOIN entity e ON e.id = x.entity_id
       JOIN collected_database d ON d.id = e.collected_database_id
      WHERE x.batch_id = :batchId AND x.entity_id > CAST(:cursor AS bigint) AND x.change = ANY (:changes)
      ORDER BY x.entity_id
      LIMIT :limit`,
    { batchId, cursor, changes, limit },
  );
  return {
    events: rows.map(({ cause, ...table }) => eventOf(batchId, table, { run: null, cause })),
    cursor: rows.at(-1)?.entityId ?? cursor,
  };
}

/** @param origin of which the event is one, for its id */
function eventOf(
  origin: string,
  { crawlerId, at, entityId, change, ...table }: ChangedTable,
  by: Record<string, unknown>,
): CloudEvent {
  const event = change === 'restored' ? 'table.added' : `table.${change}`;
  return {
    specversion: '1.0',
    id: `${origin}:${entityId}`,
    source: `/crawlers/${crawlerId}`,
    type: TYPE + event,
    subject: table.guid,
    time: at.toISOString(),
    datacontenttype: 'application/json',
    data: { entityId, change, ...table, ...by },
  };
}

/** That a run ended, and how. Undefined where its row is gone. */
export async function endOfRun(database: Database, runId: string): Promise<CloudEvent | undefined> {
  const [run] = await query<{
    number: number;
    status: string;
    trigger: string;
    startedAt: Date | null;
    endedAt: Date;
    counts: Record<string, number>;
    error: { code: string; message: string } | null;
    crawlerId: string;
    crawlerName: string;
  }>(
    database,
    `SELECT r.number::float8 AS number, r.status, r.trigger, r.started_at AS "startedAt", r.ended_at AS "endedAt", r.counts, r.error,
            c.id AS "crawlerId", c.name AS "crawlerName"
       FROM crawl_run r
       JOIN crawler c ON c.id = r.crawler_id
      WHERE r.id = ?`,
    [runId],
  );
  if (run === undefined) return undefined;
  const { crawlerId, crawlerName, ...told } = run;
  return {
    specversion: '1.0',
    id: runId,
    source: `/crawlers/${crawlerId}`,
    type: `${TYPE}run.finished`,
    subject: `run ${run.number}`,
    time: run.endedAt.toISOString(),
    datacontenttype: 'application/json',
    data: { runId, ...told, crawler: { id: crawlerId, name: crawlerName } },
  };
}

/** That messages arrive, for whoever tries a webhook out. */
export function trialEvent(webhookId: string, deliveryId: string): CloudEvent {
  return {
    specversion: '1.0',
    id: `trial:${deliveryId}`,
    source: `/webhooks/${webhookId}`,
    type: `${TYPE}trial`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data: { message: 'This is Datamap. If you can read this and its signature is right, the webhook works.' },
  };
}
