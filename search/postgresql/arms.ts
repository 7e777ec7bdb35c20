import type { Best } from './best-documents.js';
import type { Piece } from './facet-sql.js';
import { type Found, type FoundRow, toFound } from './find.js';
import type { Shown } from './groups.js';
import type { ReadingClass } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import { rarestFirst, type ShareOf } from './usual-lexemes.js';

/**
 * What it costs to read the words of a document that matches otherwise, in lexemes that the index would go through instead; and
 * in documents of words that begin so, all of which it collects before it looks at anything else.
 */
const [LOOK, LOOK_BEGUN] = [250, 12];

/** How the members of one class, or of two, are found, as a query for their ids and standings. */
export interface Arm {
  /** A number, or an expression over the columns of the query. */
  rank: number | string;
  sql: string;
  bindings: (string | number | string[] | number[])[];
  /** Whether it is left out; it stays in the statement, whose text tells PostgreSQL that it has planned it before. */
  idle?: boolean;
}

interface Asked {
  shown: Shown;
  best: Best;
  shareOf: ShareOf;
  /** How many hits are wanted. */
  limit: number;
  /** How many of all are compared at most, any; all of them without it. */
  compared?: number;
  /** How many members there should be: the best are passed over where too few of these are to be expected among them. */
  expected?: number;
}

/**
 * The members of a class by the index of words: first those of the best standing, then ever more, where these do not fill the page.
 */
export function classArms(tables: Tables, each: ReadingClass, asked: Asked): Arm[] {
  const { best, limit, compared, expected = Number.POSITIVE_INFINITY } = asked;
  const matched = matching(each, asked);
  const arm = (among: string, last: string, idle = false): Arm => ({
    rank: each.rank,
    sql: `SELECT id, standing FROM ${tables.document} WHERE ${matched.sql} ${among} ${last}`,
    bindings: matched.bindings,
    idle,
  });
  const all = arm('', compared === undefined ? '' : `LIMIT ${compared}`);
  return [...best.map(({ bound, part }) => arm(`AND standing >= ${bound}`, '', expected * part < limit)), all];
}

/**
 * The members of a class that may be seen, as a condition. The index goes through all that the first query gives and looks in the
 * others where it has to, so the rarest is first. What begins so it would collect in full, and what follows from the others goes
 * through the most for the least: where the others leave few documents, the words of these are read.
 */
export function matching(
  { parts, telling }: ReadingClass,
  { shown, shareOf }: Pick<Asked, 'shown' | 'shareOf'>,
): Piece {
  let asked = rarestFirst(parts, shareOf);
  const looked: string[] = [];
  for (const part of asked.toReversed()) {
    const cost = part.includes(':*') ? LOOK_BEGUN : LOOK;
    const others = asked.filter((each) => each !== part);
    const left = others.reduce((share, each) => share * shareOf(each), 1);
    // Words of texts stand together more often than chance has it: those are left to the index.
    if (cost === LOOK && telling.includes(part)) continue;
    if (others.length === 0 || left * cost >= shareOf(part)) continue;
    asked = others;
    looked.push(part);
  }
  return {
    sql: [
      ...asked.map(() => 'words @@ (SELECT ?::tsquery)'),
      // In this order: the words of what may not be seen are not fetched.
      ...looked.map(() => `CASE WHEN TRUE ${shown.condition} THEN words @@ (SELECT ?::tsquery) END`),
    ]
      .join(' AND ')
      .concat(` ${shown.condition}`),
    bindings: [...asked, ...looked.flatMap((part) => [...shown.bindings, part]), ...shown.bindings],
  };
}

/** The best of some classes, except what is known already. A class is not looked for when better ones have filled the page. */
export async function findArms(
  snapshot: Snapshot,
  { tables, limit }: { tables: Tables; limit: number },
  arms: readonly Arm[],
  known: readonly Found[],
): Promise<Found[]> {
  const ctes = arms.map(({ rank, sql }, at) => {
    const better = at === 0 ? undefined : `found_${at - 1}`;
    // A limit of zero keeps PostgreSQL from running what it limits. Sums keep it from walking the index of standings instead.
    const best = `
         SELECT id, standing, ${rank} AS rank
         FROM (${sql}) AS few
         WHERE id <> ALL (?::text[]) ${better === undefined ? '' : `AND id NOT IN (SELECT id FROM ${better})`}
         ORDER BY rank DESC, standing + 0 DESC, id DESC
         LIMIT ${better === undefined ? '?::integer' : `greatest(?::integer - (SELECT count(*) FROM ${better}), 0)`}`;
    return `found_${at} AS MATERIALIZED (${better === undefined ? best : `SELECT * FROM ${better} UNION ALL (${best})`})`;
  });
  const ids = known.map(({ place }) => place[2]);
  const { rows } = await snapshot.prepared<{ rows: FoundRow[] }>(
    `WITH ${ctes.join(',')}
     SELECT id, found.standing, found.rank, d.document
     FROM found_${arms.length - 1} AS found JOIN ${tables.document} d USING (id)
     ORDER BY found.rank DESC, found.standing DESC, id DESC`,
    arms.flatMap(({ bindings, idle }) => [...bindings, ids, idle ? 0 : limit]),
  );
  return rows.map(toFound);
}
