import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { SecretKeyInvalid, SecretUnavailable } from './errors.js';

/*
 * version (1) | id of the key (8) | nonce (12) | tag (16) | length of the names (2) | names as JSON | ciphertext
 *
 * The names stand in clear, so that a reader without the key can tell which credentials are set; they and the rest of
 * the head are authenticated together with the id of the data source, so that none can be moved to another.
 */
const VERSION = 1;
const NONCE_AT = 9;
const TAG_AT = 21;
const NAMES_AT = 37;

/** Reads the key as it stands in the environment: 32 bytes as hex or base64. @throws SecretKeyInvalid */
export function parseSecretKey(text: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, /^[0-9a-f]{64}$/i.test(trimmed) ? 'hex' : 'base64');
  if (key.length !== 32) throw new SecretKeyInvalid();
  return key;
}

/** Seals credentials with AES-256-GCM for one data source. */
export function sealSecrets(key: Buffer, dataSourceId: string, secrets: Readonly<Record<string, string>>): Buffer {
  const names = Buffer.from(JSON.stringify(Object.keys(secrets).sort()));
  const nonce = randomBytes(12);
  const head = Buffer.concat([Buffer.of(VERSION), keyId(key), nonce]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(names.length);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(associatedData(head, names, dataSourceId));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()]);
  return Buffer.concat([head, cipher.getAuthTag(), length, names, ciphertext]);
}

/** @throws SecretUnavailable when it was sealed under another key, for another data source, or altered since */
export function openSecrets(key: Buffer, dataSourceId: string, sealed: Buffer): Record<string, string> {
  if (sealed[0] === VERSION && !sealed.subarray(1, NONCE_AT).equals(keyId(key)))
    throw new SecretUnavailable(
      'The credentials of this data source were sealed under another key',
      'Start this process with the DATAMAP_SECRET_KEY they were sealed under, or enter the credentials again.',
    );
  try {
    const names = sealed.subarray(NAMES_AT + 2, NAMES_AT + 2 + sealed.readUInt16BE(NAMES_AT));
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(NONCE_AT, TAG_AT), { authTagLength: 16 });
    decipher.setAAD(associatedData(sealed.subarray(0, TAG_AT), names, dataSourceId));
    decipher.setAuthTag(sealed.subarray(TAG_AT, NAMES_AT));
    const ciphertext = sealed.subarray(NAMES_AT + 2 + names.length);
    const plain = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    return JSON.parse(plain.toString('utf8')) as Record<string, string>;
  } catch {
    throw new SecretUnavailable(
      'The sealed credentials of this data source were altered and cannot be trusted',
      'Enter the credentials again.',
    );
  }
}

/** Which credentials a seal holds, by name. Needs no key, and proves nothing. */
export function sealedNames(sealed: Buffer | null): string[] {
  if (sealed === null) return [];
  try {
    const end = NAMES_AT + 2 + sealed.readUInt16BE(NAMES_AT);
    return JSON.parse(sealed.subarray(NAMES_AT + 2, end).toString('utf8')) as string[];
  } catch {
    return [];
  }
}

/** Tells keys apart without telling anything of them. */
function keyId(key: Buffer): Buffer {
  return createHash('sha256').update('datamap secret key id\0').update(key).digest().subarray(0, 8);
}

function associatedData(head: Buffer, names: Buffer, dataSourceId: string): Buffer {
  return Buffer.concat([head, names, Buffer.from(`\0${dataSourceId}`)]);
}
