import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/* nonce (12) | tag (16) | place (8), in base64url */
const NONCE = 12;
const TAG = 16;
const LENGTH = NONCE + TAG + 8;

/** Makes places in the log of events into the ids that clients get, and back. */
export interface EventIds {
  seal(position: bigint): string;
  /** Undefined for an id of another installation or key, or that was altered. */
  open(id: string): bigint | undefined;
}

/**
 * Ids are sealed and never the same twice: places have gaps where others were told something, and whoever could read or
 * compare ids could count what is hidden from them.
 */
export function createEventIds(secretKey: Buffer): EventIds {
  const key = Buffer.from(hkdfSync('sha256', secretKey, Buffer.alloc(0), 'datamap event id', 32));
  return {
    seal: (position) => {
      const nonce = randomBytes(NONCE);
      const plain = Buffer.alloc(8);
      plain.writeBigInt64BE(position);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open: (id) => {
      const bytes = Buffer.from(id, 'base64url');
      if (bytes.length !== LENGTH) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: TAG });
      decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]).readBigInt64BE();
      } catch {
        return undefined;
      }
    },
  };
}
