import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type Reached, reachOf, type Ways } from './reach.js';

/** Everything downstream of a node, by distance and then by node: a tenth of the memory that objects would take. */
export interface Reach {
  readonly nodes: Float64Array;
  readonly distances: Uint32Array;
  readonly truncated: boolean;
}

/** Reaches kept for those who turn pages, at most 1.2 MB each, and milliseconds after which one is read anew. */
const MOST_KEPT = 16;
const KEPT_FOR = 300_000;

/** By what they were read for, the one that was kept first in front. */
const kept = new WeakMap<Database, Map<string, { reach: Reach; until: number }>>();

/**
 * Everything downstream of a node that may be seen. The pages of a list share one reading, for five minutes: its next pages
 * go on in what the first one began. Kept by who reads as well: by what they may see now, so that it is read anew as soon as
 * they may see less, or more.
 * @param anew for a first page
 */
export async function reachFor(
  database: Database,
  start: string,
  ways: Ways,
  { anew }: { anew: boolean },
): Promise<Reach> {
  const readings = kept.get(database) ?? new Map<string, { reach: Reach; until: number }>();
  kept.set(database, readings);
  // Before it is read: what is hidden meanwhile makes the next page read anew.
  const key = JSON.stringify([
    start,
    ways.asOf,
    ways.freshSince !== undefined,
    ways.outside.toString(),
    await visibleNow(database, ways),
  ]);
  const found = readings.get(key);
  if (!anew && found !== undefined && found.until > Date.now()) return found.reach;
  const reach = packed(await reachOf(database, start, 'down', ways));
  readings.delete(key);
  readings.set(key, { reach, until: Date.now() + KEPT_FOR });
  for (const [oldest] of readings) {
    if (readings.size <= MOST_KEPT) break;
    readings.delete(oldest);
  }
  return reach;
}

/** The same for the same databases. */
async function visibleNow(database: Database, { visible }: Ways): Promise<string> {
  const [row] = await query<{ digest: string }>(
    database,
    `SELECT encode(sha256(convert_to(coalesce(string_agg(d.id::text, ',' ORDER BY d.id), ''), 'UTF8')), 'hex') AS digest
     FROM collected_database d
     WHERE coalesce((:visible), false)`,
    { visible },
  );
  return row?.digest ?? '';
}

function packed({ reached, truncated }: { reached: readonly Reached[]; truncated: boolean }): Reach {
  return {
    nodes: Float64Array.from(reached, ({ node }) => Number(node)),
    distances: Uint32Array.from(reached, ({ distance }) => distance),
    truncated,
  };
}

/** So many after the one at this distance, from the beginning without one; and whether there are more. */
export function pageOf(
  { nodes, distances }: Reach,
  after: Reached | undefined,
  limit: number,
): { reached: Reached[]; more: boolean } {
  let first = 0;
  for (let end = after === undefined ? 0 : nodes.length; after !== undefined && first < end; ) {
    const middle = (first + end) >>> 1;
    const nearer = (distances[middle] ?? 0) - after.distance || (nodes[middle] ?? 0) - Number(after.node);
    if (nearer <= 0) first = middle + 1;
    else end = middle;
  }
  const last = Math.min(first + limit, nodes.length);
  return {
    reached: Array.from(nodes.subarray(first, last), (node, place) => ({
      node: String(node),
      distance: distances[first + place] ?? 0,
    })),
    more: last < nodes.length,
  };
}
