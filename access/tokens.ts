import type { Database } from '../db/database.js';
import { prepared, query } from '../db/query.js';
import { NotFound } from '../db/refusals.js';
import { ACTOR_COLUMNS, type Actor, type ActorRow, actorOf } from './actor.js';
import { digestOf, newBearerSecret } from './bearer-secret.js';

/** A personal API token, without the token. */
export interface ApiToken {
  id: string;
  name: string;
  /** Its last four characters, to tell it from others. */
  hint: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

const COLUMNS = `id, name, hint, created_at AS "createdAt", expires_at AS "expiresAt", last_used_at AS "lastUsedAt"`;

/** Makes a token that lets its bearer do what the person may. The token itself is in this answer and nowhere else. */
export async function createToken(
  database: Database,
  personId: string,
  token: { name: string; expiresAt?: Date },
): Promise<ApiToken & { token: string }> {
  const secret = `dm_${newBearerSecret()}`;
  const [row] = await query<ApiToken>(
    database,
    `INSERT INTO api_token (digest, person_id, name, hint, expires_at)
     VALUES (:digest, :personId, :name, :hint, :expiresAt)
     RETURNING ${COLUMNS}`,
    {
      digest: digestOf(secret),
      personId,
      name: token.name,
      hint: secret.slice(-4),
      expiresAt: token.expiresAt ?? null,
    },
  );
  if (row === undefined) throw new Error('PostgreSQL returned no row of a token it inserted');
  return { ...row, token: secret };
}

/** A person's tokens, newest first, expired ones included. */
export async function listTokens(database: Database, personId: string): Promise<ApiToken[]> {
  return query<ApiToken>(
    database,
    `SELECT ${COLUMNS} FROM api_token WHERE person_id = ? ORDER BY created_at DESC, id`,
    [personId],
  );
}

/** @throws NotFound also for a token of somebody else */
export async function revokeToken(database: Database, personId: string, tokenId: string): Promise<void> {
  const revoked = await query(
    database,
    'DELETE FROM api_token WHERE id = :tokenId AND person_id = :personId RETURNING id',
    { tokenId, personId },
  );
  if (revoked.length === 0) throw new NotFound('token', tokenId);
}

/** Who a token is of; undefined when it expired, was revoked, or the person is disabled. */
export async function actorOfToken(database: Database, token: string): Promise<Actor | undefined> {
  if (!token.startsWith('dm_')) return undefined;
  const digest = digestOf(token);
  // One statement for both: programs that send events by the hundred a second ask this each time.
  const [found] = await prepared<ActorRow & { stale: boolean }>(
    database,
    `SELECT ${ACTOR_COLUMNS}, (t.last_used_at IS NULL OR t.last_used_at < now() - interval '1 minute') AS stale
       FROM api_token t
       JOIN person p ON p.id = t.person_id AND p.disabled_at IS NULL
      WHERE t.digest = ? AND (t.expires_at IS NULL OR t.expires_at > now())`,
    [digest],
  );
  if (found === undefined) return undefined;
  // Once a minute: a script that polls must not write a row for each request.
  if (found.stale) await query(database, 'UPDATE api_token SET last_used_at = now() WHERE digest = ?', [digest]);
  return actorOf(found);
}
