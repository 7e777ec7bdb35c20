import { type Found, type FoundRow, toFound } from './find.js';
import type { Shown } from './groups.js';
import type { ReadingClass } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** How the members of one class are found, as a query for their ids and standings. */
export interface Arm {
  rank: number;
  sql: string;
  bindings: (string | number | string[] | number[])[];
}

/**
 * The members of a class by the index of words: first those of the best standing, then ever more, where these do not fill the page.
 * @param best from which standings on documents have indexes of words of their own, the smallest first (best-documents.ts)
 * @param compared how many of all are compared at most, any; all of them without it
 */
export function classArms(
  tables: Tables,
  { rank, parts }: ReadingClass,
  { shown, best, compared }: { shown: Shown; best: readonly string[]; compared?: number },
): Arm[] {
  const arm = (among: string, limit: string): Arm => ({
    rank,
    sql: `SELECT id, standing
          FROM ${tables.document}
          WHERE ${parts.map(() => 'words @@ (SELECT ?::tsquery)').join(' AND ')} ${among} ${shown.condition} ${limit}`,
    bindings: [...parts, ...shown.bindings],
  });
  const all = arm('', compared === undefined ? '' : `LIMIT ${compared}`);
  return [...best.map((bound) => arm(`AND standing >= ${bound}`, '')), all];
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
         ORDER BY standing + 0 DESC, id DESC
         LIMIT ?::integer ${better === undefined ? '' : `- (SELECT count(*) FROM ${better})`}`;
    return `found_${at} AS MATERIALIZED (${better === undefined ? best : `SELECT * FROM ${better} UNION ALL (${best})`})`;
  });
  const ids = known.map(({ place }) => place[2]);
  const { rows } = await snapshot.prepared<{ rows: FoundRow[] }>(
    `WITH ${ctes.join(',')}
     SELECT id, found.standing, found.rank, d.document
     FROM found_${arms.length - 1} AS found JOIN ${tables.document} d USING (id)
     ORDER BY found.rank DESC, found.standing DESC, id DESC`,
    arms.flatMap(({ bindings }) => [...bindings, ids, limit]),
  );
  return rows.map(toFound);
}
