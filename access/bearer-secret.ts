import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits as text. Whoever bears it is let in, so only its digest is ever stored. */
export function newBearerSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What stands in the database for a session, token or link: enough to recognise it, useless to sign in with. */
export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
