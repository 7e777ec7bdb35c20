import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { atTheTime, type Direction, ENDS, shownAt, type View } from './neighbours.js';

/** As many steps of columns as an answer holds. */
const MOST_STEPS = 5_000;

/** One column made of another. */
export interface ColumnStep {
  upstream: string;
  upstreamColumn: string;
  downstream: string;
  downstreamColumn: string;
  transformation: string;
}

/**
 * Follows a column from node to node, along what its values are made of; what only decides which rows there are is left
 * out. Nodes that may not be seen end the way; `restricted` names those whose columns lead there.
 */
export async function traceColumn(
  database: Database,
  start: { node: string; column: string },
  direction: Direction,
  depth: number,
  { visible, outside, asOf }: View,
): Promise<{ steps: ColumnStep[]; restricted: Set<string>; truncated: boolean }> {
  const { near, far } = ENDS[direction];
  const key = (node: string, column: string) => JSON.stringify([node, column]);
  const seen = new Set([key(start.node, start.column)]);
  const restricted = new Set<string>();
  const steps: ColumnStep[] = [];
  let frontier = [start];
  for (let step = 1; step <= depth && frontier.length > 0; step += 1) {
    const found = await query<{
      near: string;
      nearColumn: string;
      far: string;
      farColumn: string;
      transformation: string;
      shown: boolean;
    }>(
      database,
      `SELECT DISTINCT f.node AS near, f.name AS "nearColumn", l.${far} AS far, c.${far}_column AS "farColumn",
              c.transformation, ${shownAt(far)} AS shown
       FROM ROWS FROM (unnest(CAST(:nodes AS bigint[])), unnest(CAST(:columns AS text[]))) AS f(node, name)
       JOIN lineage_edge l ON l.${near} = f.node AND ${atTheTime(asOf)}
       JOIN lineage_column_edge c ON c.edge_id = l.id AND c.${near}_column = f.name AND c.downstream_column <> ''
       ORDER BY near, "nearColumn", far, "farColumn", c.transformation
       LIMIT :limit + 1`,
      {
        nodes: frontier.map(({ node }) => node),
        columns: frontier.map(({ column }) => column),
        limit: MOST_STEPS - steps.length,
        visible,
        outside,
        asOf: asOf ?? null,
      },
    );
    frontier = [];
    for (const row of found) {
      if (!row.shown) {
        restricted.add(row.near);
        continue;
      }
      if (steps.length >= MOST_STEPS) return { steps, restricted, truncated: true };
      steps.push(
        direction === 'up'
          ? toStep(row.far, row.farColumn, row.near, row.nearColumn, row.transformation)
          : toStep(row.near, row.nearColumn, row.far, row.farColumn, row.transformation),
      );
      const at = key(row.far, row.farColumn);
      if (!seen.has(at)) frontier.push({ node: row.far, column: row.farColumn });
      seen.add(at);
    }
  }
  return { steps, restricted, truncated: false };
}

function toStep(
  upstream: string,
  upstreamColumn: string,
  downstream: string,
  downstreamColumn: string,
  transformation: string,
): ColumnStep {
  return { upstream, upstreamColumn, downstream, downstreamColumn, transformation };
}
