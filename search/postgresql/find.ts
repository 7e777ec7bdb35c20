import type { Database } from '../../db/database.js';
import type { SearchDocument } from '../port.js';
import type { Reading } from './reading.js';
import type { Tables } from './tables.js';

/** The rank of a hit: how good the match is, its standing among equals, its id. Greater is earlier. */
export type Place = [rank: number, standing: number, id: string];

export interface Found {
  place: Place;
  document: SearchDocument;
}

/** Up to here everything that matches is collected and sorted; beyond, the best are looked for where they stand. */
export const MOST_COUNTED = 10_000;

interface Wanted {
  /** The groups that may be shown; undefined for all. */
  groups: number[] | undefined;
  /** Hits after this place only. */
  after: Place | undefined;
  limit: number;
}

interface FoundRow {
  id: string;
  rank: number;
  standing: string;
  document: SearchDocument;
}

/** Counts what matches, up to one more than {@link MOST_COUNTED}. */
export async function countUpTo(
  database: Database,
  tables: Tables,
  query: string,
  groups: number[] | undefined,
  limit = MOST_COUNTED + 1,
): Promise<number> {
  const { rows } = await database.raw<{ rows: { n: number }[] }>(
    `SELECT count(*)::integer AS n
     FROM (SELECT FROM ${tables.document} WHERE words @@ ?::tsquery ${inGroups(groups)} LIMIT ?) AS matched`,
    [query, ...bound(groups), limit],
  );
  return rows[0]?.n ?? 0;
}

/** The next hits of a reading that matches few documents: each class by the index, all sorted together. */
export async function findAmongFew(
  database: Database,
  tables: Tables,
  reading: Reading,
  { groups, after, limit }: Wanted,
): Promise<Found[]> {
  const branches = reading.classes.map(
    () =>
      `SELECT id, standing, ?::integer AS rank FROM ${tables.document} WHERE words @@ ?::tsquery ${inGroups(groups)}`,
  );
  const { rows } = await database.raw<{ rows: FoundRow[] }>(
    `WITH ranked AS (
       SELECT id, standing, max(rank) AS rank FROM (${branches.join(' UNION ALL ')}) AS matched GROUP BY id, standing
     ), page AS (
       SELECT * FROM ranked
       ${after === undefined ? '' : 'WHERE (rank, standing, id) < (?::integer, ?::bigint, ?::text)'}
       ORDER BY rank DESC, standing DESC, id DESC
       LIMIT ?
     )
     SELECT page.id, page.rank, page.standing, d.document
     FROM page JOIN ${tables.document} d USING (id)
     ORDER BY page.rank DESC, page.standing DESC, page.id DESC`,
    [...reading.classes.flatMap(({ rank, query }) => [rank, query, ...bound(groups)]), ...(after ?? []), limit],
  );
  return rows.map(toFound);
}

/**
 * The next hits of a reading that matches many documents, class by class from the best until the page is full. A class
 * with few members is collected by the index of words. One with many is met soon by walking the index of standings:
 * among a million documents of which ten thousand match, a page of twenty is two thousand steps away.
 */
export async function findAmongMany(
  database: Database,
  tables: Tables,
  reading: Reading,
  { groups, after, limit }: Wanted,
): Promise<Found[]> {
  const found: Found[] = [];
  const better: string[] = [];
  for (const { rank, query } of reading.classes) {
    const wanted = limit - found.length;
    if (wanted === 0) break;
    if (after === undefined || rank <= after[0]) {
      const few = (await countUpTo(database, tables, query, groups)) <= MOST_COUNTED;
      const { rows } = await database.raw<{ rows: FoundRow[] }>(
        `SELECT id, ?::integer AS rank, standing, document
         FROM ${tables.document}
         WHERE ${few ? 'words @@ ?::tsquery' : '(words @@ ?::tsquery) IS TRUE'} ${inGroups(groups)}
           ${better.length === 0 ? '' : 'AND NOT words @@ ?::tsquery'}
           ${after?.[0] === rank ? 'AND (standing, id) < (?::bigint, ?::text)' : ''}
         ORDER BY ${few ? 'standing + 0' : 'standing'} DESC, id DESC
         LIMIT ?`,
        [
          rank,
          query,
          ...bound(groups),
          ...(better.length === 0 ? [] : [better.join(' | ')]),
          ...(after?.[0] === rank ? [after[1], after[2]] : []),
          wanted,
        ],
      );
      found.push(...rows.map(toFound));
    }
    better.push(`(${query})`);
  }
  return found;
}

/** Everything that may be seen, what changed last first. The place's standing is the time of the change. */
export async function findNewest(
  database: Database,
  tables: Tables,
  { groups, after, limit }: Wanted,
  few: boolean,
): Promise<Found[]> {
  const { rows } = await database.raw<{ rows: FoundRow[] }>(
    `SELECT id, 0 AS rank, changed_at AS standing, document
     FROM ${tables.document}
     WHERE ${groups === undefined ? 'TRUE' : 'group_id = ANY (?::integer[])'}
       ${after === undefined ? '' : 'AND (changed_at, id) < (?::bigint, ?::text)'}
     ORDER BY ${few && groups !== undefined ? 'changed_at + 0' : 'changed_at'} DESC, id DESC
     LIMIT ?`,
    [...bound(groups), ...(after === undefined ? [] : [after[1], after[2]]), limit],
  );
  return rows.map(toFound);
}

function toFound(row: FoundRow): Found {
  return { place: [row.rank, Number(row.standing), row.id], document: row.document };
}

function inGroups(groups: number[] | undefined): string {
  return groups === undefined ? '' : 'AND group_id = ANY (?::integer[])';
}

function bound(groups: number[] | undefined): number[][] {
  return groups === undefined ? [] : [groups];
}
