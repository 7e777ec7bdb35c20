import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { Cause } from '../events/tell-outside-of-runs.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';
import { openSecrets } from '../sources/seal-secrets.js';
import { type WebhookEvent, WebhookOff } from './webhook.js';

/** One run, or one change outside of runs, that a webhook is told of; neither, where somebody tries it out. */
export interface Delivery {
  id: string;
  runId: string | null;
  runNumber: number | null;
  /** What changed the map when no run did. */
  cause: Cause | null;
  status: 'waiting' | 'delivered' | 'failed';
  /** Events told so far. */
  events: number;
  attempts: number;
  error: Failure | null;
  createdAt: Date;
  triedAt: Date | null;
  endedAt: Date | null;
}

/** A run is told of when it begins, to who takes OpenLineage, and when it ends. */
export type Moment = 'start' | 'end';

/**
 * Makes a delivery of a run that begins or ends for each webhook that is to be told of it, in the transaction that does so.
 * A plan changes nothing and is told to nobody; one that never began is no run to OpenLineage.
 */
export async function queueDeliveries(transaction: Database, runId: string, moment: Moment = 'end'): Promise<void> {
  await query(
    transaction,
    `INSERT INTO webhook_delivery (webhook_id, run_id, moment)
     SELECT w.id, r.id, :moment
       FROM crawl_run r
       JOIN crawler c ON c.id = r.crawler_id
       JOIN webhook w
         ON CASE w.format
              WHEN 'openlineage' THEN r.status <> 'skipped'
              ELSE w.workspace_id = c.workspace_id AND (w.crawler_id IS NULL OR w.crawler_id = c.id) AND :moment = 'end'
            END
      WHERE r.id = :runId AND r.trigger <> 'plan'
     ON CONFLICT DO NOTHING`,
    { runId, moment },
  );
}

/** Makes one that tells nothing but that messages arrive. @throws WebhookOff */
export async function queueTrial(
  database: Database,
  webhook: { id: string; name: string; enabled: boolean },
): Promise<Delivery> {
  if (!webhook.enabled) throw new WebhookOff(webhook.name);
  const [row] = await query<{ id: string }>(
    database,
    'INSERT INTO webhook_delivery (webhook_id) VALUES (?) RETURNING id',
    [webhook.id],
  );
  return getDelivery(database, webhook.id, row?.id ?? '');
}

/** Has one that failed told again, from where it was. @throws NotFound */
export async function redeliver(database: Database, webhookId: string, deliveryId: string): Promise<Delivery> {
  await query(
    database,
    `UPDATE webhook_delivery SET status = 'waiting', error = NULL, ended_at = NULL
      WHERE id = ? AND webhook_id = ? AND status = 'failed'`,
    [deliveryId, webhookId],
  );
  return getDelivery(database, webhookId, deliveryId);
}

const SELECT = `
  SELECT d.id, d.run_id AS "runId", r.number::float8 AS "runNumber", b.cause, d.status, d.events, d.attempts, d.error,
         d.created_at AS "createdAt", d.tried_at AS "triedAt", d.ended_at AS "endedAt"
    FROM webhook_delivery d
    LEFT JOIN crawl_run r ON r.id = d.run_id
    LEFT JOIN change_batch b ON b.id = d.batch_id`;

async function getDelivery(database: Database, webhookId: string, id: string): Promise<Delivery> {
  const [row] = await query<Delivery>(database, `${SELECT} WHERE d.id = ? AND d.webhook_id = ?`, [id, webhookId]);
  if (row === undefined) throw new NotFound('delivery', id);
  return row;
}

/** The deliveries of a webhook, newest first. @throws InvalidCursor */
export async function listDeliveries(
  database: Database,
  webhookId: string,
  { cursor, limit }: { cursor?: string | undefined; limit: number },
): Promise<Page<Delivery>> {
  const [before] = decodeCursor(cursor, [DECIMAL]) ?? [];
  const rows = await query<Delivery>(
    database,
    `${SELECT}
      WHERE d.webhook_id = :webhookId AND (CAST(:before AS bigint) IS NULL OR d.id < CAST(:before AS bigint))
      ORDER BY d.id DESC
      LIMIT :limit + 1`,
    { webhookId, before: before ?? null, limit },
  );
  return pageOf(
    rows,
    limit,
    (row) => row,
    ({ id }) => [id],
  );
}

/** Webhooks that are turned on and have something to be told. */
export async function webhooksWithNews(database: Database): Promise<{ id: string; name: string }[]> {
  return query(
    database,
    `SELECT w.id, w.name
       FROM webhook w
      WHERE w.enabled
        AND EXISTS (SELECT 1 FROM webhook_delivery d WHERE d.webhook_id = w.id AND d.status = 'waiting')
      ORDER BY w.id`,
  );
}

/** The oldest delivery that waits; undefined where none does, or the webhook is turned off or gone. */
export async function nextDelivery(database: Database, webhookId: string): Promise<string | undefined> {
  const [row] = await query<{ id: string }>(
    database,
    `SELECT d.id
       FROM webhook_delivery d
       JOIN webhook w ON w.id = d.webhook_id AND w.enabled
      WHERE d.webhook_id = ? AND d.status = 'waiting'
      ORDER BY d.id
      LIMIT 1`,
    [webhookId],
  );
  return row?.id;
}

/** A delivery as the worker that makes it needs it. */
export interface OpenDelivery {
  id: string;
  webhookId: string;
  url: string;
  /** `whsec_` and the key in base64; of OpenLineage the API key, which may be empty. */
  secret: string;
  wanted: WebhookEvent[];
  format: 'cloudevents' | 'openlineage';
  /** Of jobs, in OpenLineage. */
  namespace: string | null;
  moment: Moment;
  /** At most one of the two; neither for a trial. */
  runId: string | null;
  batchId: string | null;
  /** The last entity whose change was told. */
  cursor: string;
}

/** Counts an attempt. Undefined where the delivery ended, or its webhook was turned off. @throws SecretUnavailable */
export async function beginAttempt(
  database: Database,
  secretKey: Buffer,
  deliveryId: string,
): Promise<OpenDelivery | undefined> {
  const [row] = await query<Omit<OpenDelivery, 'secret'> & { sealed: Buffer }>(
    database,
    `UPDATE webhook_delivery d
        SET attempts = attempts + 1, tried_at = now()
       FROM webhook w
      WHERE d.id = ? AND d.status = 'waiting' AND w.id = d.webhook_id AND w.enabled
      RETURNING d.id, w.id AS "webhookId", w.url, w.secret AS sealed, w.events AS wanted, d.run_id AS "runId",
                d.batch_id AS "batchId", d.cursor, w.format, w.namespace, d.moment`,
    [deliveryId],
  );
  if (row === undefined) return undefined;
  const { sealed, ...delivery } = row;
  const name = row.format === 'openlineage' ? 'apiKey' : 'signing';
  return { ...delivery, secret: openSecrets(secretKey, row.webhookId, sealed)[name] ?? '' };
}

/** Notes what was told and taken. */
export async function noteTold(database: Database, deliveryId: string, cursor: string, events: number): Promise<void> {
  await query(database, 'UPDATE webhook_delivery SET cursor = ?, events = events + ?, error = NULL WHERE id = ?', [
    cursor,
    events,
    deliveryId,
  ]);
}

/** Notes why the last attempt failed; there will be more. */
export async function noteTrouble(database: Database, deliveryId: string, failure: Failure): Promise<void> {
  await query(database, 'UPDATE webhook_delivery SET error = ? WHERE id = ?', [
    JSON.stringify(storedFailure(failure)),
    deliveryId,
  ]);
}

/** Ends a delivery, for good or until somebody has it told again. */
export async function endDelivery(
  database: Database,
  deliveryId: string,
  ending: { status: 'delivered' } | { status: 'failed'; failure: Failure },
): Promise<void> {
  await query(
    database,
    `UPDATE webhook_delivery SET status = :status, error = :error, ended_at = now()
      WHERE id = :deliveryId AND status = 'waiting'`,
    {
      deliveryId,
      status: ending.status,
      error: ending.status === 'failed' ? JSON.stringify(storedFailure(ending.failure)) : null,
    },
  );
}

/**
 * Forgets what changed outside of runs longer ago than so many days, with what became of telling it. What a webhook is still to
 * be told stays.
 */
export async function forgetOldBatches(database: Database, days: number): Promise<number> {
  const forgotten = await query(
    database,
    `DELETE FROM change_batch b
      WHERE b.at < now() - make_interval(days => :days)
        AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.batch_id = b.id AND d.status = 'waiting')
      RETURNING 1 AS forgotten`,
    { days },
  );
  return forgotten.length;
}
