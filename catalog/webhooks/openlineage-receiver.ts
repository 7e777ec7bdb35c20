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
    await query(
      transaction,
      `UPDATE webhook_delivery SET status = 'waiting', ended_at = NULL WHERE webhook_id = ? AND status = 'failed'`,
      [id],
    );
  });
}
