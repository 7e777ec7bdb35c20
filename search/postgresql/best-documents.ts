import type { PoolClient } from 'pg';
import type { Database } from '../../db/database.js';
import type { Snapshot } from './snapshot.js';
import { LIVE, type Tables } from './tables.js';

/** So many documents, and more, have the best of them in indexes of words of their own. */
const MANY = 50_000;
/** Which parts of all documents these are as they are made. */
const PARTS = [1 / 20, 1 / 4];
/** To what share of its part an index may come by writing. */
const [LEAST, MOST] = [0.4, 2.5];
/** How long a bound is believed, in milliseconds. It only chooses between ways to the same answer. */
const BELIEVED = 60_000;
/** Held by whoever makes the indexes: two would make two of each. */
const MAKERS = 7305;
/** How long making one waits for transactions that began before it: whoever stops meanwhile waits as long. The next round tries again. */
const PATIENCE = '5s';
/** PostgreSQL's code for a wait that was too long. */
const WAITED_TOO_LONG = '55P03';

/** From which standings on documents have indexes of words of their own, the smallest first, and about which part of all these are. */
export type Best = readonly { bound: string; part: number }[];

/**
 * The documents of the best standing, whose words are indexed once more: a twentieth of all, and a quarter. The index of words
 * collects all documents of a word before it gives the first; the best of a usual word are mostly among these, and found in as
 * small a part of the time.
 */
export class BestDocuments {
  private bounds: Best = [];
  private read = Number.NEGATIVE_INFINITY;

  /** Empty where there is no such index. */
  async from(snapshot: Snapshot, tables: Tables): Promise<Best> {
    if (performance.now() - this.read <= BELIEVED) return this.bounds;
    const { rows } = await snapshot.raw<{ rows: { bound: string }[] }>(`${BOUNDS} ORDER BY bound DESC`, [
      tables.document,
    ]);
    this.bounds = rows.map(({ bound }, at) => ({ bound, part: PARTS[at] ?? 1 }));
    this.read = performance.now();
    return this.bounds;
  }
}

/** The indexes of the best documents that may be used, by what their condition compares with. */
const BOUNDS = `
  SELECT indexrelid::regclass::text AS name,
         substring(pg_get_expr(indpred, indrelid) FROM 'standing >= [^0-9]*([0-9]+)')::bigint AS bound
  FROM pg_index
  WHERE indrelid = to_regclass(?) AND pg_get_expr(indpred, indrelid) LIKE '(standing >= %' AND indisvalid`;

/** Makes the indexes of the best of a copy that nobody reads or writes meanwhile. */
export async function indexBest(database: Database, tables: Tables): Promise<void> {
  for (const bound of await boundsOf(database, tables))
    await database.raw(`CREATE INDEX ON ${tables.document} USING gin (words) WHERE standing >= ${bound}`);
}

/**
 * Sees to it that the best of very many documents have their indexes, made anew where writing has moved a share too far.
 * Searches and writers go on meanwhile.
 */
export async function keepBestIndexed(database: Database): Promise<void> {
  if (await areIndexed(database)) return;
  const wanted = await boundsOf(database, LIVE);
  const { rows: kept } = await database.raw<{ rows: { bound: string }[] }>(BOUNDS, [LIVE.document]);
  // Of very many documents of one standing there is no twentieth: what is made anew would be the same.
  if (kept.length === wanted.length && kept.every(({ bound }) => wanted.includes(bound))) return;
  const client = (await database.client.acquireConnection()) as PoolClient;
  try {
    const lock = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [MAKERS]);
    if (lock.rows[0]?.mine !== true) return;
    try {
      await client.query(`SET lock_timeout = '${PATIENCE}'`);
      const former = await client.query<{ name: string }>(
        `SELECT indexrelid::regclass::text AS name
         FROM pg_index
         WHERE indrelid = to_regclass($1) AND pg_get_expr(indpred, indrelid) LIKE '(standing >= %'`,
        [LIVE.document],
      );
      for (const bound of wanted)
        await client.query(
          `CREATE INDEX CONCURRENTLY ON ${LIVE.document} USING gin (words) WHERE standing >= ${bound}`,
        );
      // What was made by one that ended on the way is among them.
      for (const { name } of former.rows) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === WAITED_TOO_LONG)) throw error;
    } finally {
      await client.query('RESET lock_timeout');
      await client.query('SELECT pg_advisory_unlock($1)', [MAKERS]);
    }
  } finally {
    await database.client.releaseConnection(client);
  }
}

/** Whether each part has an index that is about as large as it should be; or none is needed. */
async function areIndexed(database: Database): Promise<boolean> {
  const { rows } = await database.raw<{ rows: { fit: boolean }[] }>(
    `WITH held AS MATERIALIZED (
       SELECT (SELECT count(*) FROM ${LIVE.document} WHERE standing >= bound) AS documents FROM (${BOUNDS}) AS best
     )
     SELECT documents < ${MANY} OR (
       SELECT bool_and(EXISTS (
         SELECT FROM held WHERE held.documents BETWEEN everything.documents * part * ${LEAST} AND everything.documents * part * ${MOST}
       ))
       FROM unnest(?::float[]) AS p (part)
     ) AS fit
     FROM (SELECT coalesce(sum(documents), 0) AS documents FROM ${LIVE.audience}) AS everything`,
    [LIVE.document, PARTS],
  );
  return rows[0]?.fit ?? true;
}

/** From which standings on documents are among the best; none where they are too few for that. */
async function boundsOf(database: Database, tables: Tables): Promise<string[]> {
  const { rows } = await database.raw<{ rows: { bound: string }[] }>(
    `SELECT DISTINCT bound
     FROM (SELECT coalesce(sum(documents), 0) AS documents FROM ${tables.audience}) AS everything
     CROSS JOIN unnest(?::float[]) AS p (part)
     CROSS JOIN LATERAL (
       SELECT standing AS bound FROM ${tables.document}
       ORDER BY standing DESC
       OFFSET (everything.documents * part)::bigint LIMIT 1
     ) AS best
     WHERE everything.documents >= ${MANY}`,
    [PARTS],
  );
  return rows.map(({ bound }) => bound);
}
