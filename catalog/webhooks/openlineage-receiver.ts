import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { sealSecrets } from '../sources/seal-secrets.js';

/** Who is told of every run of the installation, as OpenLineage's clients tell it. */
export interface OpenLineageReceiver {
  /** The whole address that events are sent to. */
  url: string;
  /** Sent as a bearer token. */
  apiKey?: string | undefined;
  /** Of the jobs that crawlers are. */
  namespace: string;
}

/**
 * Makes the receiver the one that is told of runs from now on; none takes back what was there, with all that it was still to
 * be told. One that was turned off, since it took nothing for a day, is turned on, and goes on with the first that it did
 * not take.
 */
export async function setReceiver(
  database: Database,
  secretKey: Buffer,
  receiver: OpenLineageReceiver | undefined,
): Promise<void> {
  if (receiver === undefined) {
    await query(database, `DELETE FROM webhook WHERE format = 'openlineage'`);
    return;
  }
  await database.transaction(async (transaction) => {
    const [row] = await query<{ id: string }>(
      transaction,
      `INSERT INTO webhook (id, name, url, events, secret, format, namespace)
       VALUES (:id, 'OpenLineage', :url, '{}', '', 'openlineage', :namespace)
       ON CONFLICT (format) WHERE format = 'openlineage' DO UPDATE
       SET url = excluded.url, namespace = excluded.namespace, enabled = true, disabled_because = NULL,
           updated_at = now(), version = webhook.version + 1
       RETURNING id`,
      { id: randomUUID(), url: receiver.url, namespace: receiver.namespace },
    );
    const id = row?.id ?? '';
    const { apiKey } = receiver;
    const secret = sealSecrets(secretKey, id, apiKey === undefined ? {} : { apiKey });
    await query(transaction, 'UPDATE webhook SET secret = ? WHERE id = ?', [secret, id]);
    await tellAgain(transaction, id);
  });
}

/** How telling runs to the receiver stands. */
export interface ReceiverState {
  id: string;
  url: string;
  namespace: string;
  enabled: boolean;
  /** Why it was turned off; null where it is not. */
  disabledBecause: { code: string; message: string; remedy?: string } | null;
  /** Beginnings and ends of runs that it is still to be told of. */
  waiting: number;
  /** When it last took an event, and why it did not take the one that was tried last; null where it did. */
  lastDeliveredAt: Date | null;
  error: { code: string; message: string; remedy?: string } | null;
  updatedAt: Date;
}

/** Undefined where the workers are set to tell nobody. */
export async function receiverState(database: Database): Promise<ReceiverState | undefined> {
  const [row] = await query<ReceiverState>(
    database,
    `SELECT w.id, w.url, w.namespace, w.enabled, w.disabled_because AS "disabledBecause", w.updated_at AS "updatedAt",
            count(*) FILTER (WHERE d.status <> 'delivered')::int AS waiting,
            max(d.ended_at) FILTER (WHERE d.status = 'delivered') AS "lastDeliveredAt",
            (array_agg(d.error ORDER BY d.id) FILTER (WHERE d.status <> 'delivered' AND d.error IS NOT NULL))[1] AS error
     FROM webhook w
     LEFT JOIN webhook_delivery d ON d.webhook_id = w.id
     WHERE w.format = 'openlineage'
     GROUP BY w.id`,
  );
  return row;
}

/** Turns on again one that took nothing for a day; it goes on with the first that it did not take. */
export async function resumeReceiver(database: Database): Promise<void> {
  await database.transaction(async (transaction) => {
    const [row] = await query<{ id: string }>(
      transaction,
      `UPDATE webhook
       SET enabled = true, disabled_because = NULL, updated_at = now(), version = version + 1
       WHERE format = 'openlineage'
       RETURNING id`,
    );
    if (row !== undefined) await tellAgain(transaction, row.id);
  });
}

const tellAgain = (transaction: Database, id: string) =>
  query(
    transaction,
    `UPDATE webhook_delivery SET status = 'waiting', ended_at = NULL WHERE webhook_id = ? AND status = 'failed'`,
    [id],
  );
