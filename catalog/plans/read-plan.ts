import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { diffVersions, type VersionDiff } from '../entities/diff-versions.js';
import type { EntityKind } from '../entities/entity.js';
import type { RunChange } from '../entities/list-run-changes.js';
import { hiddenNames, shownStructure } from '../entities/shown-structure.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { placesOf } from '../model/guid.js';
import type { StoredStructure } from '../model/stored-structure.js';
import { PlanNotOpen } from './errors.js';
import type { PlanState } from './plan-state.js';

export interface Plan {
  runId: string;
  state: PlanState;
  /** Why it is outdated, where it is. */
  note: string | null;
  createdAt: Date;
  settledAt: Date | null;
  /** The run that applied it. */
  appliedRunId: string | null;
  /** Tables; `held` are those whose removal the guard would hold back. */
  counts: { added: number; changed: number; removed: number; restored: number; held: number; unchanged: number };
}

/** @throws PlanNotOpen when the run has none */
export async function getPlan(database: Database, runId: string): Promise<Plan> {
  const [plan] = await query<Plan>(
    database,
    `SELECT p.run_id AS "runId", p.state, p.note, p.created_at AS "createdAt", p.settled_at AS "settledAt",
            p.applied_run_id AS "appliedRunId",
            (SELECT jsonb_object_agg(k.name, coalesce(k.count, 0))
               FROM (SELECT name, sum((u.counts ->> name)::bigint) AS count
                       FROM unnest(ARRAY['added', 'changed', 'removed', 'restored', 'held', 'unchanged']) AS name
                       LEFT JOIN crawl_unit u ON u.run_id = p.run_id AND u.status = 'planned'
                      GROUP BY name) k) AS counts
       FROM crawl_plan p
      WHERE p.run_id = ?`,
    [runId],
  );
  if (plan === undefined) throw new PlanNotOpen(undefined);
  return plan;
}

export interface PlanChange {
  id: string;
  change: RunChange['change'];
  /** Null for what would be new. */
  entityId: string | null;
  fromVersion: number | null;
  toVersion: number | null;
  guid: string;
  kind: EntityKind;
  type: string;
  name: string;
  database: string;
  schema: string | null;
  /** From what is on the map to what would be; null unless it would change. */
  diff: VersionDiff | null;
}

interface Side {
  guid: string;
  type: string;
  owner: string | null;
  comment: string | null;
  structure: StoredStructure;
  /** Databases of the same server that it may name and the reader may not see. */
  hidden: string[];
}

/**
 * Lists what an open plan would do. The caller has made sure that the reader is in the crawler's workspace.
 * @param visible a condition on collected_database under the alias `d`: what tables of the plan say of other databases
 * @throws PlanNotOpen, InvalidCursor
 */
export async function listPlanChanges(
  database: Database,
  runId: string,
  filter: { change?: RunChange['change'] },
  page: { cursor?: string; limit: number },
  visible: Knex.Raw,
): Promise<Page<PlanChange>> {
  const { state, note, createdAt } = await getPlan(database, runId);
  if (state !== 'open') throw new PlanNotOpen(state, note);
  const [after] = decodeCursor(page.cursor, [DECIMAL]) ?? ['0'];
  const rows = await query<Omit<PlanChange, 'diff'> & { before: Side | null; planned: Side | null }>(
    database,
    `SELECT c.id, c.change, c.entity_id AS "entityId", c.from_version AS "fromVersion", c.to_version AS "toVersion",
            c.guid, c.kind, c.type, c.name, u.database_name AS database, c.schema_name AS schema,
            CASE WHEN c.change = 'changed' THEN (
              SELECT jsonb_build_object(
                       'guid', split_part(e.guid, '#', 1), 'type', e.type, 'owner', e.owner, 'comment', e.comment,
                       'structure', x.structure, 'hidden', ${hiddenNames('x.structure', ':visible')})
                FROM (SELECT e.structure::jsonb AS structure OFFSET 0) x
            ) END AS before,
            CASE WHEN c.change = 'changed' THEN (
              SELECT jsonb_build_object(
                       'guid', s.guid, 'type', s.type, 'owner', s.owner, 'comment', s.comment,
                       'structure', x.structure, 'hidden', ${hiddenNames('x.structure', ':visible')})
                FROM (SELECT s.structure::jsonb AS structure OFFSET 0) x
            ) END AS planned
       FROM plan_change c
       JOIN crawl_unit u ON u.run_id = c.run_id AND u.unit = c.unit
       LEFT JOIN entity e ON e.id = c.entity_id
       LEFT JOIN collected_database d ON d.id = e.collected_database_id
       LEFT JOIN staged_object s ON s.run_id = c.run_id AND s.unit = c.unit AND s.page = c.page
        AND s.native_key = c.native_key AND s.op = 'upsert'
      WHERE c.run_id = :runId AND c.id > CAST(:after AS bigint)
        AND (CAST(:change AS text) IS NULL OR c.change = :change)
      ORDER BY c.id
      LIMIT :limit + 1`,
    { runId, after: after ?? '0', change: filter.change ?? null, limit: page.limit, visible },
  );
  return pageOf(
    rows,
    page.limit,
    ({ before, planned, ...row }) => {
      const sides = before?.guid != null && planned?.guid != null ? { before, planned } : undefined;
      const version = ({ hidden, ...side }: Side, number: number | null) => ({
        ...side,
        version: number ?? 1,
        recordedAt: createdAt,
        runId,
        structure: shownStructure(side.structure, hidden, placesOf(side.guid).schema),
      });
      const diff =
        sides === undefined
          ? null
          : diffVersions(version(sides.before, row.fromVersion), version(sides.planned, row.toVersion));
      return { ...row, diff };
    },
    ({ id }) => [id],
  );
}
