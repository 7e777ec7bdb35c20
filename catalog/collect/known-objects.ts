import type { PoolClient } from 'pg';
import Cursor from 'pg-cursor';
import { type Database, withClient } from '../../db/database.js';

const ROWS_A_READ = 5_000;

/** What the catalog knows of one object; undefined fields were never told. */
export interface KnownObject {
  fingerprint: string;
  rows: number | undefined;
  bytes: number | undefined;
}

/**
 * What the catalog knows of a database's objects, by native key. A hundred thousand of them cost under 25 MB, so
 * nothing is kept per object but two strings: statistics stand in two number arrays.
 */
export class KnownObjects {
  readonly #places = new Map<string, number>();
  readonly #fingerprints: string[] = [];
  #rows = new Float64Array(1_024);
  #bytes = new Float64Array(1_024);

  get size(): number {
    return this.#places.size;
  }

  /** Adds an object or replaces what was known of it. */
  set(key: string, known: KnownObject): void {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.#fingerprints.length;
      this.#places.set(key, place);
    }
    if (place >= this.#rows.length) {
      this.#rows = grown(this.#rows);
      this.#bytes = grown(this.#bytes);
    }
    this.#fingerprints[place] = known.fingerprint;
    this.#rows[place] = known.rows ?? Number.NaN;
    this.#bytes[place] = known.bytes ?? Number.NaN;
  }

  /** Hands out an object and forgets it, so that what is left after a listing is what the listing did not show. */
  take(key: string): KnownObject | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    this.#places.delete(key);
    const rows = this.#rows[place] as number;
    const bytes = this.#bytes[place] as number;
    return {
      fingerprint: this.#fingerprints[place] as string,
      rows: Number.isNaN(rows) ? undefined : rows,
      bytes: Number.isNaN(bytes) ? undefined : bytes,
    };
  }

  keys(): IterableIterator<string> {
    return this.#places.keys();
  }
}

const grown = (array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> => {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
};

/**
 * Loads what the catalog knows of a database's living objects, and on top of it what earlier attempts of this run have
 * staged: that is as good as known, and an attempt that goes on reads none of it again.
 * @param unit.trusted false when the keys in the catalog were given by another server; then only staged ones count
 */
export async function loadKnown(
  database: Database,
  unit: { collectedDatabaseId: string; runId: string; unit: number; resumed: boolean; trusted: boolean },
): Promise<KnownObjects> {
  const known = new KnownObjects();
  await withClient(database, async (client) => {
    if (unit.trusted) {
      const sql = `
        SELECT native_key, fingerprint, row_estimate, size_bytes
        FROM source_object
        WHERE collected_database_id = $1`;
      await readInto(known, client, sql, [unit.collectedDatabaseId]);
    }
    if (unit.resumed) {
      const sql = `
        SELECT native_key, fingerprint, row_estimate, size_bytes
        FROM staged_object
        WHERE run_id = $1 AND unit = $2 AND op IN ('upsert', 'touch')`;
      await readInto(known, client, sql, [unit.runId, unit.unit]);
    }
  });
  return known;
}

type Row = [nativeKey: string, fingerprint: string, rowEstimate: string | null, sizeBytes: string | null];

async function readInto(
  known: KnownObjects,
  client: PoolClient,
  sql: string,
  values: (string | number)[],
): Promise<void> {
  const cursor = client.query(new Cursor<Row>(sql, values, { rowMode: 'array' }));
  for (;;) {
    const rows = await cursor.read(ROWS_A_READ);
    if (rows.length === 0) break;
    for (const [key, fingerprint, rowEstimate, sizeBytes] of rows) {
      known.set(key, {
        fingerprint,
        rows: rowEstimate === null ? undefined : Number(rowEstimate),
        bytes: sizeBytes === null ? undefined : Number(sizeBytes),
      });
    }
  }
  await cursor.close();
}

/** What a table was when the catalog last took it over. */
export interface KnownContent {
  /** In hexadecimal. */
  hash: string;
  fingerprint: string;
}

/** The content that the catalog holds of some of a database's objects, by native key. */
export async function knownContent(
  database: Database,
  collectedDatabaseId: string,
  nativeKeys: readonly string[],
): Promise<Map<string, KnownContent>> {
  if (nativeKeys.length === 0) return new Map();
  const { rows } = await database.raw<{ rows: (KnownContent & { native_key: string })[] }>(
    `SELECT native_key, encode(hash, 'hex') AS hash, fingerprint
     FROM source_object
     WHERE collected_database_id = ? AND native_key = ANY(?)`,
    [collectedDatabaseId, nativeKeys as string[]],
  );
  return new Map(rows.map(({ native_key, hash, fingerprint }) => [native_key, { hash, fingerprint }]));
}
