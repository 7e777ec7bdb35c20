import { hash } from 'node:crypto';
import type { DatabaseReader } from '../connectors/contract.js';

const BYTES = 16;

/**
 * Two listings with equal digests showed the same objects with the same fingerprints, at the same server. The order in
 * which they were listed makes no difference: hashes of the objects are added up.
 */
export class ListingDigest {
  readonly #sum = new Uint8Array(BYTES);

  add(...parts: readonly string[]): void {
    const bytes = hash('sha256', JSON.stringify(parts), 'buffer');
    let carry = 0;
    for (let place = 0; place < BYTES; place += 1) {
      const sum = (this.#sum[place] as number) + (bytes[place] as number) + carry;
      this.#sum[place] = sum & 0xff;
      carry = sum >> 8;
    }
  }

  /** In hexadecimal. */
  value(): string {
    return Buffer.from(this.#sum).toString('hex');
  }
}

/**
 * A reader that adds to a digest all that it describes and lists. Estimates are left out.
 * @param see told of each listed object
 */
export function digesting(
  reader: DatabaseReader,
  digest: ListingDigest,
  see?: (key: string, fingerprint: string) => void,
): DatabaseReader {
  digest.add('server', reader.identity.server);
  return {
    identity: reader.identity,
    describe: async () => {
      const description = await reader.describe();
      const { schemas, incomplete, ...database } = description;
      digest.add('database', JSON.stringify(database), incomplete?.code ?? '');
      for (const { unlisted, ...schema } of schemas) digest.add('schema', JSON.stringify(schema), unlisted?.code ?? '');
      return description;
    },
    ...(reader.position === undefined ? {} : { position: () => Promise.resolve(reader.position?.()) }),
    list: async function* () {
      for await (const heads of reader.list()) {
        for (const { key, fingerprint } of heads) {
          digest.add('object', key, fingerprint);
          see?.(key, fingerprint);
        }
        yield heads;
      }
    },
    read: (keys) => reader.read(keys),
    ...(reader.readEach === undefined ? {} : { readEach: reader.readEach }),
    queries: () => reader.queries(),
    close: () => reader.close(),
  };
}
