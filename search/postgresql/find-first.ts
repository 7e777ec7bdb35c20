import type { Database } from '../../db/database.js';
import { type Found, type FoundRow, toFound } from './find.js';
import type { Shown } from './groups.js';
import type { Reading } from './reading.js';
import type { Tables } from './tables.js';

/** Documents of the best standing that are looked at one by one, of those that the searcher sees. */
const WALKED = 200;
/** Of a class with more members than this, any so many are compared. */
const COMPARED = 500;
/** The classes that are looked for first, all with one statement: exact names, beginnings of names, words of names. */
const FIRST = 3;

/**
 * The first hits of a reading, without knowing how many there are: what is wanted while somebody types. Class by class
 * from the best until the page is full, with an end to the work in each: of a class with very many members
 * {@link COMPARED} are compared, so that the order is that of findBest but for equally good matches by the hundred. A
 * single word is often one of those. Then the documents of the best standing are walked before, and what is opened most
 * is first all the same.
 */
export async function findFirst(
  database: Database,
  tables: Tables,
  reading: Reading,
  shown: Shown,
  limit: number,
): Promise<Found[]> {
  const walks = reading.words.length === 1 && !shown.few;
  const found = walks ? await walk(database, tables, reading, shown) : [];
  for (const classes of [reading.classes.slice(0, FIRST), reading.classes.slice(FIRST)]) {
    const worst = classes.at(-1);
    if (worst === undefined) break;
    const known = found.filter(({ place }) => place[0] >= worst.rank).length;
    if (known < limit) found.push(...(await findClasses(database, tables, classes, shown, found, limit)));
  }
  return found.sort(byPlace).slice(0, limit);
}

function byPlace({ place: a }: Found, { place: b }: Found): number {
  return b[0] - a[0] || b[1] - a[1] || (a[2] < b[2] ? 1 : -1);
}

/** What a reading matches among the documents of the best standing. */
async function walk(database: Database, tables: Tables, { all, classes }: Reading, shown: Shown): Promise<Found[]> {
  const { rows } = await database.raw<{ rows: FoundRow[] }>(
    `SELECT id, standing, CASE ${classes.map(() => 'WHEN words @@ ?::tsquery THEN ?::integer').join(' ')} END AS rank, document
     FROM (
       SELECT id, standing, words, document
       FROM ${tables.document}
       WHERE TRUE ${shown.condition}
       ORDER BY standing DESC, id DESC
       LIMIT ${WALKED}
     ) AS top
     WHERE words @@ ?::tsquery`,
    [...classes.flatMap(({ query, rank }) => [query, rank]), ...shown.bindings, all],
  );
  return rows.map(toFound);
}

/** The best of some classes, except what is known already. A class is not looked for when better ones have filled the page. */
async function findClasses(
  database: Database,
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
  const { rows } = await database.raw<{ rows: FoundRow[] }>(
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
