import type { Database } from '../db/database.js';
import { prepared, query } from '../db/query.js';
import { ACTOR_COLUMNS, type Actor, type ActorRow, actorOf, loadActor } from './actor.js';
import { digestOf, newBearerSecret } from './bearer-secret.js';
import { SignInFailed } from './errors.js';
import { verifyPassword } from './passwords.js';

export interface NewSession {
  /** For the cookie; not stored anywhere else. */
  secret: string;
  expiresAt: Date;
}

/**
 * Signs a person in with a password.
 * @throws SignInFailed, the same for a wrong address, a wrong password, a disabled person and one without a password
 */
export async function signIn(
  database: Database,
  credentials: { email: string; password: string; userAgent?: string },
): Promise<{ session: NewSession; actor: Actor }> {
  const [person] = await query<{ id: string; password_hash: string | null }>(
    database,
    'SELECT id, password_hash FROM person WHERE email = ? AND disabled_at IS NULL',
    [credentials.email.trim().toLowerCase().replaceAll('\0', '')],
  );
  const verified = await verifyPassword(credentials.password, person?.password_hash);
  if (person === undefined || !verified.ok) throw new SignInFailed();
  if (verified.renewed !== undefined)
    await query(database, 'UPDATE person SET password_hash = :renewed WHERE id = :id AND password_hash = :old', {
      id: person.id,
      renewed: verified.renewed,
      old: person.password_hash,
    });
  const actor = await loadActor(database, person.id);
  if (actor === undefined) throw new SignInFailed();
  return { session: await createSession(database, person.id, credentials.userAgent), actor };
}

/** Lets a person in for 14 days from its last use. */
export async function createSession(database: Database, personId: string, userAgent?: string): Promise<NewSession> {
  const secret = newBearerSecret();
  const [row] = await query<{ expires_at: Date }>(
    database,
    `WITH expired AS (DELETE FROM session WHERE person_id = :personId AND expires_at < now())
     INSERT INTO session (digest, person_id, expires_at, user_agent)
     VALUES (:digest, :personId, now() + interval '14 days', :userAgent)
     RETURNING expires_at`,
    { digest: digestOf(secret), personId, userAgent: userAgent?.replaceAll('\0', '').slice(0, 500) ?? null },
  );
  if (row === undefined) throw new Error('PostgreSQL returned no row of a session it inserted');
  return { secret, expiresAt: row.expires_at };
}

/**
 * Who a session's cookie is of; undefined when it expired or the person is disabled. Its 14 days start over, at most
 * once an hour so that reading pages does not write rows.
 */
export async function actorOfSession(database: Database, secret: string): Promise<Actor | undefined> {
  const digest = digestOf(secret);
  const [found] = await prepared<ActorRow & { slides: boolean }>(
    database,
    `SELECT ${ACTOR_COLUMNS}, s.expires_at < now() + interval '14 days' - interval '1 hour' AS slides
       FROM session s
       JOIN person p ON p.id = s.person_id AND p.disabled_at IS NULL
      WHERE s.digest = ? AND s.expires_at > now()`,
    [digest],
  );
  if (found === undefined) return undefined;
  if (found.slides)
    await query(database, `UPDATE session SET expires_at = now() + interval '14 days' WHERE digest = ?`, [digest]);
  return actorOf(found);
}

/** Signs out. Nothing happens where there is no such session. */
export async function endSession(database: Database, secret: string): Promise<void> {
  await query(database, 'DELETE FROM session WHERE digest = ?', [digestOf(secret)]);
}
