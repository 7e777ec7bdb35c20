import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { PasswordRefused } from './errors.js';

/** 32 MB and about a tenth of a second for each try. Raise them here: older hashes are renewed as people sign in. */
const CURRENT = { N: 32_768, r: 8, p: 1 };
const KEY_BYTES = 32;
const SHORTEST = 12;
const LONGEST = 1_024;

/**
 * `scrypt$N$r$p$salt$key`, so that a hash says how it was made.
 * @throws PasswordRefused when the password has under 12 characters, or over 1,024
 */
export async function hashPassword(password: string): Promise<string> {
  const length = [...password].length;
  if (length < SHORTEST || length > LONGEST)
    throw new PasswordRefused(
      `A password has at least ${SHORTEST} and at most ${LONGEST} characters; this one has ${length}`,
      'Choose a longer one; a few unrelated words are easy to remember and hard to guess.',
    );
  return hashWith(password, CURRENT);
}

/**
 * Compares in constant time. Takes as long without a hash as with one, so that the time does not tell which people exist.
 * @returns whether it is the password, and a hash to keep instead where the old one was made with weaker parameters
 */
export async function verifyPassword(
  password: string,
  hash: string | null | undefined,
): Promise<{ ok: boolean; renewed?: string }> {
  const parsed = parse(hash ?? '');
  const { parameters, salt, key } = parsed ?? { parameters: CURRENT, salt: Buffer.alloc(16), key: undefined };
  const derived = await derive(password, salt, parameters);
  if (key === undefined || !timingSafeEqual(derived, key)) return { ok: false };
  const weaker = parameters.N < CURRENT.N || parameters.r < CURRENT.r || parameters.p < CURRENT.p;
  return weaker ? { ok: true, renewed: await hashWith(password, CURRENT) } : { ok: true };
}

async function hashWith(password: string, parameters: typeof CURRENT): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, parameters);
  const { N, r, p } = parameters;
  return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

function parse(hash: string): { parameters: typeof CURRENT; salt: Buffer; key: Buffer } | undefined {
  const [, N, r, p, salt, key] = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([\w-]+)\$([\w-]+)$/.exec(hash) ?? [];
  if (salt === undefined || key === undefined) return undefined;
  const bytes = Buffer.from(key, 'base64url');
  if (bytes.length !== KEY_BYTES) return undefined;
  return { parameters: { N: Number(N), r: Number(r), p: Number(p) }, salt: Buffer.from(salt, 'base64url'), key: bytes };
}

function derive(password: string, salt: Buffer, parameters: typeof CURRENT): Promise<Buffer> {
  const options: ScryptOptions = { ...parameters, maxmem: 256 * parameters.N * parameters.r };
  // One character can be written in several ways; keyboards differ in which they send.
  const text = password.slice(0, 2 * LONGEST).normalize('NFKC');
  return new Promise((resolve, reject) => {
    scrypt(text, salt, KEY_BYTES, options, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}
