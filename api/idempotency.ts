import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../db/database.js';
import { Problem } from './problems.js';

/** A reply as it is kept: what a repeat of the request gets. */
export interface KeptReply {
  status: number;
  body: unknown;
  headers: Record<string, string>;
}

interface Row {
  fingerprint: string;
  status: number | null;
  body: unknown;
  headers: Record<string, string>;
}

/** How long a repeat waits for the first request to end. */
const WAIT_MS = 10_000;

/**
 * Runs `work` once for a person's key: a repeat, also one sent at the same time, gets the first one's reply.
 * Failures are not kept, so that a request may be tried again under its key.
 * @param request.fingerprint from `fingerprintOf`
 * @returns the reply, and whether it is a repeat
 * @throws Problem IDEMPOTENCY_KEY_REUSED when the key came with another request before; REQUEST_IN_PROGRESS
 */
export async function once(
  database: Database,
  request: { personId: string; key: string; fingerprint: string },
  work: () => Promise<KeptReply>,
): Promise<{ reply: KeptReply; repeated: boolean }> {
  const { personId, key, fingerprint } = request;
  for (const deadline = Date.now() + WAIT_MS; ; await delay(50)) {
    if (await claim(database, request)) break;
    const row: Row | undefined = await database('idempotent_reply').where({ person_id: personId, key }).first();
    if (row === undefined) continue;
    if (row.fingerprint !== fingerprint)
      throw new Problem('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another request before.', {
        remedy: 'Use a new key, such as a random UUID, for each request that is not a repeat.',
      });
    if (row.status !== null)
      return { reply: { status: row.status, body: row.body, headers: row.headers }, repeated: true };
    if (Date.now() > deadline)
      throw new Problem(
        'REQUEST_IN_PROGRESS',
        'The first request with this Idempotency-Key is still being worked on.',
        {
          remedy: 'Send it again in a few seconds.',
          headers: { 'Retry-After': '5' },
        },
      );
  }
  try {
    const reply = await work();
    await database('idempotent_reply')
      .where({ person_id: personId, key })
      .update({
        status: reply.status,
        body: JSON.stringify(reply.body ?? null),
        headers: JSON.stringify(reply.headers),
      });
    return { reply, repeated: false };
  } catch (error) {
    await database('idempotent_reply')
      .where({ person_id: personId, key, status: null })
      .delete()
      .catch(() => undefined);
    throw error;
  }
}

/**
 * What makes two requests the same. Keyed, because a body may hold a password and a plain digest of it could be
 * guessed from a copy of the database.
 */
export function fingerprintOf(secretKey: Buffer, method: string, path: string, body: unknown): string {
  return createHmac('sha256', secretKey)
    .update(JSON.stringify([method, path, body ?? null]))
    .digest('base64url');
}

/** Forgets replies older than a day. Returns how many. */
export async function forgetOldReplies(database: Database): Promise<number> {
  return database('idempotent_reply').whereRaw(`created_at < now() - interval '1 day'`).delete();
}

/** Takes the key. A claim whose process died before it replied can be taken over after a minute. */
async function claim(
  database: Database,
  request: { personId: string; key: string; fingerprint: string },
): Promise<boolean> {
  const { rows } = await database.raw<{ rows: unknown[] }>(
    `INSERT INTO idempotent_reply AS kept (person_id, key, fingerprint)
     VALUES (?, ?, ?)
     ON CONFLICT (person_id, key) DO UPDATE
       SET created_at = now()
       WHERE kept.status IS NULL
         AND kept.fingerprint = excluded.fingerprint
         AND kept.created_at < now() - interval '1 minute'
     RETURNING 1`,
    [request.personId, request.key, request.fingerprint],
  );
  return rows.length > 0;
}
