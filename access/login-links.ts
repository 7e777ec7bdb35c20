import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { type Actor, loadActor } from './actor.js';
import { digestOf, newBearerSecret } from './bearer-secret.js';
import { LoginLinkInvalid } from './errors.js';

/** Makes a secret that signs a person in once within 15 minutes. */
export async function createLoginLink(
  database: Database,
  personId: string,
): Promise<{ secret: string; expiresAt: Date }> {
  const secret = newBearerSecret();
  const [row] = await query<{ expires_at: Date }>(
    database,
    `WITH expired AS (DELETE FROM login_link WHERE expires_at < now() - interval '1 day')
     INSERT INTO login_link (digest, person_id, expires_at)
     VALUES (:digest, :personId, now() + interval '15 minutes')
     RETURNING expires_at`,
    { digest: digestOf(secret), personId },
  );
  if (row === undefined) throw new Error('PostgreSQL returned no row of a login link it inserted');
  return { secret, expiresAt: row.expires_at };
}

/**
 * Uses a link up: of two requests at once exactly one gets in, since the second finds the row changed by the first.
 * @throws LoginLinkInvalid
 */
export async function redeemLoginLink(database: Database, secret: string): Promise<Actor> {
  const [link] = await query<{ person_id: string }>(
    database,
    `UPDATE login_link SET used_at = now()
      WHERE digest = ? AND used_at IS NULL AND expires_at > now()
      RETURNING person_id`,
    [digestOf(secret)],
  );
  const actor = link === undefined ? undefined : await loadActor(database, link.person_id);
  if (actor === undefined) throw new LoginLinkInvalid();
  return actor;
}
