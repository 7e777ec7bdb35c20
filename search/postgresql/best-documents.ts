import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';
import type { Snapshot } from './snapshot.js';
import { LIVE, type Tables } from './tables.js';

/** So many documents, and more, have the best of them in an index of words of their own. */
const MANY = 50_000;
/** Which part of all documents these are, as it is made, and between which bounds it may come to be by writing. */
const PART = 1 / 20;
const [LEAST, MOST] = [1 / 50, 1 / 8];
/** How long a bound is believed, in milliseconds. It only chooses between ways to the same answer. */
const BELIEVED = 60_000;
/** Held by whoever makes the index: two would make two. */
const MAKERS = 7305;

/**
 * The documents of the best standing, a twentieth of all, whose words are indexed once more. The index of words collects all
 * documents of a word before it gives the first; the best of a usual word are mostly among these, and found in a twentieth
 * of the time.
 */
export class BestDocuments {
  private bound: string | undefined;
  private read = Number.NEGATIVE_INFINITY;

  /** The standing from which on documents are in that index; undefined where there is none. */
  async from(snapshot: Snapshot, tables: Tables): Promise<string | undefined> {
    if (performance.now() - this.read <= BELIEVED) return this.bound;
    const { rows } = await snapshot.raw<{ rows: { bound: string }[] }>(`${BOUNDS} ORDER BY bound LIMIT 1`, [
      tables.document,
    ]);
    this.bound = rows[0]?.bound;
    this.read = performance.now();
    return this.bound;
  }
}

/** The indexes of the best documents that may be used, by what their condition compares with. */
const BOUNDS = `
  SELECT indexrelid::regclass::text AS name,
         substring(pg_get_expr(indpred, indrelid) FROM 'standing >= [^0-9]*([0-9]+)')::bigint AS bound
  FROM pg_index
  WHERE indrelid = to_regclass(?) AND indpred IS NOT NULL AND indisvalid`;

/** Makes the index of the best of a copy that nobody reads or writes meanwhile. */
export async function indexBest(database: Database, tables: Tables): Promise<void> {
  const bound = await boundOf(database, tables);
  if (bound !== undefined)
    await database.raw(`CREATE INDEX ON ${tables.document} USING gin (words) WHERE standing >= ${bound}`);
}

/**
 * Sees to it that the best of very many documents have their index, made anew where writing has moved its share too far.
 * Searches and writers go on meanwhile.
 */
export async function keepBestIndexed(database: Database): Promise<void> {
  const { rows } = await database.raw<{ rows: { fits: boolean }[] }>(
    `SELECT documents < ${MANY} OR EXISTS (
       SELECT
       FROM (${BOUNDS}) AS best
       CROSS JOIN LATERAL (SELECT count(*) AS held FROM ${LIVE.document} WHERE standing >= best.bound) AS counted
       WHERE held BETWEEN documents * ${LEAST} AND documents * ${MOST}
     ) AS fits
     FROM (SELECT coalesce(sum(documents), 0) AS documents FROM ${LIVE.audience}) AS all_of_them`,
    [LIVE.document],
  );
  if (rows[0]?.fits !== false) return;
  const client = (await database.client.acquireConnection()) as PoolClient;
  try {
    const lock = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [MAKERS]);
    if (lock.rows[0]?.mine !== true) return;
    try {
      const former = await client.query<{ name: string }>(
        `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = to_regclass($1) AND indpred IS NOT NULL`,
        [LIVE.document],
      );
      const bound = await boundOf(database, LIVE);
      if (bound !== undefined)
        await client.query(
          `CREATE INDEX CONCURRENTLY ON ${LIVE.document} USING gin (words) WHERE standing >= ${bound}`,
        );
      // What was made by one that ended on the way is among them.
      for (const { name } of former.rows) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [MAKERS]);
    }
  } finally {
    await database.client.releaseConnection(client);
  }
}

/** From which standing on documents are among the best; undefined where they are too few for that. */
async function boundOf(database: Database, tables: Tables): Promise<string | undefined> {
  const { rows } = await database.raw<{ rows: { bound: string }[] }>(
    `SELECT standing AS bound
     FROM ${tables.document}
     WHERE (SELECT coalesce(sum(documents), 0) FROM ${tables.audience}) >= ${MANY}
     ORDER BY standing DESC
     OFFSET (SELECT (coalesce(sum(documents), 0) * ${PART})::bigint FROM ${tables.audience})
     LIMIT 1`,
  );
  return rows[0]?.bound;
}
