import type { SearchDocument } from '../port.js';
import type { Shown } from './groups.js';
import { CLASSES, type Reading } from './reading.js';
import type { Snapshot } from './snapshot.js';
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
  shown: Shown;
  /** Hits after this place only. */
  after: Place | undefined;
  limit: number;
}

/** A hit as the statements of this room select it. */
export interface FoundRow {
  id: string;
  rank: number;
  standing: string;
  document: SearchDocument;
}

/** Counts what matches, up to one more than {@link MOST_COUNTED}. */
export async function countUpTo(
  snapshot: Snapshot,
  tables: Tables,
  query: string,
  shown: Shown,
  limit = MOST_COUNTED + 1,
): Promise<number> {
  const { rows } = await snapshot.raw<{ rows: { n: number }[] }>(
    `SELECT count(*)::integer AS n
     FROM (SELECT FROM ${tables.document} WHERE words @@ ?::tsquery ${shown.condition} LIMIT ?) AS matched`,
    [query, ...shown.bindings, limit],
  );
  return rows[0]?.n ?? 0;
}

/**
 * Counts what a reading matches, up to one more than {@link MOST_COUNTED}. Of a single word, names alone are often
 * more than that, and counted in a tenth of the time.
 */
export async function countReading(
  snapshot: Snapshot,
  tables: Tables,
  reading: Reading,
  shown: Shown,
): Promise<number> {
  const names = reading.words.length === 1 ? reading.classes.find(({ rank }) => CLASSES[rank] === 'name') : undefined;
  if (names !== undefined && shown.documents > MOST_COUNTED) {
    const named = await countUpTo(snapshot, tables, names.query, shown);
    if (named > MOST_COUNTED) return named;
  }
  return countUpTo(snapshot, tables, reading.all, shown);
}

/**
 * The next hits of a reading, class by class from the best until the page is full. A class with few members is
 * collected by the index of words and sorted. One with many is met soon by walking the index of standings: among a million
 * documents of which ten thousand match, a page of twenty is two thousand steps away.
 * @param total how many documents match, as {@link countUpTo} has it
 */
export async function findBest(
  snapshot: Snapshot,
  tables: Tables,
  reading: Reading,
  { shown, after, limit }: Wanted,
  total: number,
): Promise<Found[]> {
  const found: Found[] = [];
  const better: string[] = [];
  let counted = 0;
  for (const { rank, query } of reading.classes) {
    if (found.length === limit) break;
    if (after === undefined || rank <= after[0]) {
      // All that is left of more than ten thousand, when the better classes had few: no need to count it again.
      const rest = CLASSES[rank] === 'anywhere' && after === undefined && counted <= MOST_COUNTED / 2;
      const size = total <= MOST_COUNTED || rest ? total : await countUpTo(snapshot, tables, query, shown);
      const few = size <= MOST_COUNTED;
      counted += size;
      const condition = few ? 'words @@ ?::tsquery' : '(words @@ ?::tsquery) IS TRUE';
      const unseen = withoutBetter(tables, found, better, after, few);
      const { rows } = await snapshot.raw<{ rows: FoundRow[] }>(
        `WITH page AS (
           SELECT id, standing
           FROM ${tables.document}
           WHERE ${condition} ${shown.condition} ${unseen.condition}
             ${after?.[0] === rank ? 'AND (standing, id) < (?::bigint, ?::text)' : ''}
           ORDER BY ${few ? 'standing + 0' : 'standing'} DESC, id DESC
           LIMIT ?
         )
         SELECT page.id, page.standing, ?::integer AS rank, d.document
         FROM page JOIN ${tables.document} d USING (id)
         ORDER BY page.standing DESC, page.id DESC`,
        [
          query,
          ...shown.bindings,
          ...unseen.bindings,
          ...(after?.[0] === rank ? [after[1], after[2]] : []),
          limit - found.length,
          rank,
        ],
      );
      found.push(...rows.map(toFound));
    }
    better.push(`(${query})`);
  }
  return found;
}

/**
 * Leaves out what belongs to a better class. On a first page those are the hits found before, all of them. On a later
 * one they are asked of the index again; or of each row, where the rows are walked and few are looked at.
 */
function withoutBetter(
  tables: Tables,
  found: readonly Found[],
  better: readonly string[],
  after: Place | undefined,
  few: boolean,
): { condition: string; bindings: (string | string[])[] } {
  if (better.length === 0) return { condition: '', bindings: [] };
  if (after === undefined)
    return { condition: 'AND id <> ALL (?::text[])', bindings: [found.map(({ place }) => place[2])] };
  const query = better.join(' | ');
  if (!few) return { condition: 'AND NOT words @@ ?::tsquery', bindings: [query] };
  return {
    condition: `AND id NOT IN (SELECT id FROM ${tables.document} WHERE words @@ ?::tsquery)`,
    bindings: [query],
  };
}

/** Everything that may be seen, what changed last first. The place's standing is the time of the change. */
export async function findNewest(
  snapshot: Snapshot,
  tables: Tables,
  { shown, after, limit }: Wanted,
): Promise<Found[]> {
  const { rows } = await snapshot.raw<{ rows: FoundRow[] }>(
    `SELECT id, 0 AS rank, changed_at AS standing, document
     FROM ${tables.document}
     WHERE TRUE ${shown.condition}
       ${after === undefined ? '' : 'AND (changed_at, id) < (?::bigint, ?::text)'}
     ORDER BY ${shown.few ? 'changed_at + 0' : 'changed_at'} DESC, id DESC
     LIMIT ?`,
    [...shown.bindings, ...(after === undefined ? [] : [after[1], after[2]]), limit],
  );
  return rows.map(toFound);
}

/** A row as a hit with its place. */
export function toFound(row: FoundRow): Found {
  return { place: [row.rank, Number(row.standing), row.id], document: row.document };
}
