import type { PoolClient } from 'pg';
import { holdTables } from './hold-removals.js';
import type { Change, MergedPage, PageRef } from './merge-upserts.js';
import { BURY, REMOVABLE } from './publish-sql.js';
import type { PublishingUnit } from './publishing-unit.js';

interface Removable {
  id: string;
  kind: string;
  version: number;
  hold: 'held' | 'approved' | 'rejected' | 'expired' | 'superseded' | null;
}

/**
 * Does to the missing objects of a page what was decided for the unit, in the transaction of the page. What waits for a
 * person stays on the map, whatever was decided on the rest; so does what a person rejected.
 */
export async function applyRemovals(client: PoolClient, ref: PageRef, unit: PublishingUnit): Promise<MergedPage> {
  const { removals: plan, holdId, unlistedSchemas } = unit.receipt;
  if (plan === undefined || (!plan.apply && holdId === undefined)) return { changes: [], forSearch: [] };
  const { rows } = await client.query<Removable>(REMOVABLE, [
    ref.runId,
    ref.unit,
    ref.page,
    ref.collectedDatabaseId,
    unlistedSchemas.map(({ schema }) => schema),
  ]);
  const waiting = rows.filter(({ hold }) => hold === 'held' || hold === 'approved');
  const undecided = rows.filter(({ hold }) => hold === null || hold === 'expired' || hold === 'superseded');
  const tables = undecided.filter(({ kind }) => kind === 'table');
  if (holdId !== undefined) {
    await holdTables(client, holdId, idsOf(tables));
    return { changes: [...waiting, ...tables].map((row) => changeOf(row, 'held')), forSearch: [] };
  }
  if (undecided.length > 0) await client.query(BURY, [ref.runId, idsOf(undecided)]);
  return {
    changes: [...undecided.map((row) => changeOf(row, 'removed')), ...waiting.map((row) => changeOf(row, 'held'))],
    forSearch: idsOf(undecided),
  };
}

const idsOf = (rows: readonly Removable[]): string[] => rows.map(({ id }) => id);

const changeOf = ({ id, kind, version }: Removable, change: Change['change']): Change => ({
  entityId: id,
  kind,
  change,
  fromVersion: version,
  toVersion: null,
});
