import { DECIMAL, decodeCursor, encodeCursor, type Page } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type DescribedNode, describeNodes } from './describe.js';
import { pageOf, reachFor } from './kept-reach.js';
import { nodeOf } from './neighbours.js';
import { type Reached, reachOf, type Ways } from './reach.js';

/** Something that a change of a table may reach. */
export interface Affected extends DescribedNode {
  distance: number;
  /** Whom people named as its owners. */
  owners: string[];
}

export interface ImpactPage extends Page<Affected> {
  /** Of all pages. */
  total: number;
  truncated: boolean;
}

/**
 * Everything downstream of an entity that the reader may see, the nearest first, with its owners. All pages
 * are of the moment of the first, unless that is minutes ago.
 * @throws InvalidCursor
 */
export async function listImpact(
  database: Database,
  entityId: string,
  page: { cursor?: string | undefined; limit: number },
  ways: Ways,
): Promise<ImpactPage> {
  const [distance, node] = decodeCursor(page.cursor, [DECIMAL, DECIMAL]) ?? [];
  const start = await nodeOf(database, entityId);
  if (start === undefined) return { items: [], total: 0, truncated: false };
  const after = distance === undefined || node === undefined ? undefined : { node, distance: Number(distance) };
  const reach = await reachFor(database, start, ways, { anew: after === undefined });
  const { reached, more } = pageOf(reach, after, page.limit);
  const last = reached.at(-1);
  return {
    items: await describe(database, reached),
    total: reach.nodes.length,
    truncated: reach.truncated,
    ...(more && last !== undefined ? { nextCursor: encodeCursor([String(last.distance), last.node]) } : {}),
  };
}

/** Nodes that are described at once where all are asked for: their pages are all that is held of them. */
const BATCH = 1_000;

/** All of them, a batch at a time in the same order; `truncated` where a reading goes through no more. */
export async function allImpact(
  database: Database,
  entityId: string,
  ways: Ways,
): Promise<{ truncated: boolean; batches: AsyncIterable<Affected[]> }> {
  const start = await nodeOf(database, entityId);
  const { reached, truncated } =
    start === undefined ? { reached: [], truncated: false } : await reachOf(database, start, 'down', ways);
  return { truncated, batches: batchesOf(database, reached) };
}

async function* batchesOf(database: Database, reached: readonly Reached[]): AsyncGenerator<Affected[]> {
  for (let from = 0; from < reached.length; from += BATCH) {
    yield await describe(database, reached.slice(from, from + BATCH));
  }
}

async function describe(database: Database, reached: readonly Reached[]): Promise<Affected[]> {
  const nodes = reached.map(({ node }) => node);
  const described = new Map((await describeNodes(database, nodes)).map((one) => [one.node, one]));
  const owners = await query<{ node: string; owners: string[] }>(
    database,
    `SELECT n.id AS node, array_agg(coalesce(o.name, p.name) ORDER BY o.place) AS owners
     FROM lineage_node n
     JOIN annotation_owner o ON o.entity_id = n.entity_id AND o.column_name = ''
     LEFT JOIN person p ON p.id = o.person_id
     WHERE n.id = ANY(?::bigint[])
     GROUP BY n.id`,
    [nodes],
  );
  const byNode = new Map(owners.map(({ node, owners: of }) => [node, of]));
  return reached.flatMap(({ node, distance }): Affected[] => {
    const found = described.get(node);
    return found === undefined ? [] : [{ ...found, distance, owners: byNode.get(node) ?? [] }];
  });
}
