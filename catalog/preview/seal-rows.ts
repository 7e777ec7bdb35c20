import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { MaskedRows } from './mask-rows.js';

/** What a worker found: masked rows, and which columns are not among them. */
export interface PreviewResult extends MaskedRows {
  /** Columns that the account may not read. */
  refused: string[];
  /** Columns left out because there are more than are shown. */
  more: number;
}

/* nonce (12) | tag (16) | ciphertext */
const NONCE = 12;
const TAG = 16;

/** Seals rows with AES-256-GCM for one preview, under a key of its own that is derived from the installation's. */
export function sealRows(key: Buffer, previewId: string, result: PreviewResult): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', keyOf(key), nonce);
  cipher.setAAD(Buffer.from(previewId));
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(result), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

/** Throws where it was sealed under another key or for another preview, or was altered. */
export function openRows(key: Buffer, previewId: string, sealed: Buffer): PreviewResult {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(key), sealed.subarray(0, NONCE), { authTagLength: TAG });
  decipher.setAAD(Buffer.from(previewId));
  decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
  const plain = Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
  return JSON.parse(plain.toString('utf8')) as PreviewResult;
}

/** Credentials are sealed under the installation's key itself; nonces of many previews must not count against it. */
function keyOf(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), 'datamap data preview', 32));
}
