import { type Found, type FoundRow, toFound } from './find.js';
import type { Shown } from './groups.js';
import type { Reading } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** Documents of the best standing whose names are looked at, of those that the searcher sees. */
const WALKED = 500;
/** Of a class with more members than this, any so many are compared. */
const COMPARED = 200;
/** The classes that are looked for first, all with one statement: exact names, beginnings of names, words of names. */
const FIRST = 3;

/**
 * The first hits of a reading, without knowing how many there are: what is wanted while somebody types. Class by class
 * from the best until the page is full, with an end to the work in each: of a class with very many members
 * {@link COMPARED} are compared, so that the order is that of findBest but for equally good matches by the hundred. A
 * single word is often one of those. Then the documents of the best standing are walked before, and what is opened most
 * is first all the same; what the walk finds enough of stands in many names, and is not looked for in the index of words,
 * which would collect all of them first.
 */
export async function findFirst(
  snapshot: Snapshot,
  tables: Tables,
  reading: Reading,
  shown: Shown,
  limit: number,
): Promise<Found[]> {
  const found = shown.few ? [] : await walk(snapshot, tables, reading, shown, limit);
  for (const classes of [reading.classes.slice(0, FIRST), reading.classes.slice(FIRST)]) {
    const wanted = classes.filter(({ rank }) => found.filter(({ place }) => place[0] >= rank).length < limit);
    if (wanted.length > 0) found.push(...(await findClasses(snapshot, tables, wanted, shown, found, limit)));
  }
  return found.sort(byPlace).slice(0, limit);
}

function byPlace({ place: a }: Found, { place: b }: Found): number {
  return b[0] - a[0] || b[1] - a[1] || (a[2] < b[2] ? 1 : -1);
}

/** What a reading of one word matches in the names of the documents of the best standing. Nothing for other readings. */
async function walk(
  snapshot: Snapshot,
  tables: Tables,
  { names }: Reading,
  shown: Shown,
  limit: number,
): Promise<Found[]> {
  if (names === undefined || names.length === 0) return [];
  const { rows } = await snapshot.raw<{ rows: FoundRow[] }>(
    `SELECT id, best.standing, best.rank, d.document
     FROM (
       SELECT id, standing, CASE ${names.map(() => 'WHEN names LIKE ? THEN ?::integer').join(' ')} END AS rank
       FROM (
         SELECT id, standing, names
         FROM ${tables.document}
         WHERE TRUE ${shown.condition}
         ORDER BY standing DESC, id DESC
         LIMIT ${WALKED}
       ) AS top
       WHERE ${names.map(() => 'names LIKE ?').join(' OR ')}
       ORDER BY rank DESC, standing DESC, id DESC
       LIMIT ?
     ) AS best
     JOIN ${tables.document} d USING (id)`,
    [
      ...names.flatMap(({ rank, pattern }) => [pattern, rank]),
      ...shown.bindings,
      ...names.map(({ pattern }) => pattern),
      limit,
    ],
  );
  return rows.map(toFound);
}

/** The best of some classes, except what is known already. A class is not looked for when better ones have filled the page. */
async function findClasses(
  snapshot: Snapshot,
  tables: Tables,
  classes: Reading['classes'],
  shown: Shown,
  known: readonly Found[],
  limit: number,
): Promise<Found[]> {
  const ids = known.map(({ place }) => place[2]);
  const bindings: (string | number | string[] | number[])[] = [];
  const arms = classes.map(({ rank, query }, at) => {
    const better = classes.slice(0, at).map((each) => `SELECT id FROM best_${each.rank}`);
    const room = Math.max(0, limit - known.filter(({ place }) => place[0] >= rank).length);
    bindings.push(rank, query, ...shown.bindings, room, COMPARED, ids, limit);
    // A limit of zero keeps PostgreSQL from running what it limits.
    return `
       best_${rank} AS MATERIALIZED (
         SELECT id, standing, ?::integer AS rank
         FROM (
           SELECT id, standing
           FROM ${tables.document}
           WHERE words @@ (SELECT ?::tsquery) ${shown.condition}
           LIMIT CASE WHEN (SELECT count(*) FROM (${better.join(' UNION ALL ') || 'SELECT WHERE FALSE'}) AS better) < ?::integer THEN ?::integer ELSE 0 END
         ) AS few
         WHERE id <> ALL (?::text[]) ${better.map((each) => `AND id NOT IN (${each})`).join(' ')}
         ORDER BY standing DESC, id DESC
         LIMIT ?
       )`;
  });
  const { rows } = await snapshot.raw<{ rows: FoundRow[] }>(
    `WITH ${arms.join(',')}
     SELECT id, best.standing, best.rank, d.document
     FROM (${classes.map(({ rank }) => `SELECT * FROM best_${rank}`).join(' UNION ALL ')}) AS best
     JOIN ${tables.document} d USING (id)
     ORDER BY best.rank DESC, best.standing DESC, id DESC
     LIMIT ?`,
    [...bindings, limit],
  );
  return rows.map(toFound);
}
