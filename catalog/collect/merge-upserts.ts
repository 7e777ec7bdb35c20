import type { PoolClient } from 'pg';
import {
  DISPLACE,
  DROP_PARTITIONS,
  FORGET_KEYS,
  INSERT_ENTITIES,
  KEEP_VERSIONS,
  PAGE_CANDIDATES,
  UPDATE_ENTITIES,
  UPSERT_PARTITIONS,
  UPSERT_SOURCE_OBJECTS,
} from './publish-sql.js';
import { type Action, type Candidate, type Settled, settleIdentities } from './settle-identities.js';

/** One page of a unit, and the database it belongs to. */
export interface PageRef {
  runId: string;
  unit: number;
  page: number;
  collectedDatabaseId: string;
}

/** An entity that a page did something to. Equal versions: only its partitions changed. */
export interface Change {
  entityId: string;
  kind: string;
  change: 'added' | 'changed' | 'removed' | 'restored' | 'held';
  fromVersion: number | null;
  toVersion: number | null;
}

export interface MergedPage {
  changes: Change[];
  /** Entities whose search document is no longer right. */
  forSearch: string[];
}

const CHANGE_OF: Record<Action, Change['change'] | undefined> = {
  added: 'added',
  restored: 'restored',
  changed: 'changed',
  repartitioned: 'changed',
  renamed: undefined,
  unchanged: undefined,
};

/** Merges the upserts of one page, inside the caller's transaction. */
export async function mergeUpserts(client: PoolClient, ref: PageRef): Promise<MergedPage> {
  const page = [ref.runId, ref.unit, ref.page];
  const { rows } = await client.query<Candidate>(PAGE_CANDIDATES, [...page, ref.collectedDatabaseId]);
  const { objects, displaced } = settleIdentities(rows);
  const isNew = ({ action }: Settled) => action === 'added';
  const differs = ({ action }: Settled) => action !== 'added' && action !== 'unchanged';
  const givingWay = objects.filter(({ givesWay }) => givesWay).map(({ entityId }) => entityId);

  if (displaced.length > 0) await client.query(DISPLACE, [displaced]);
  if (objects.some(differs)) {
    const ids = idsWhere(objects, differs);
    await client.query(KEEP_VERSIONS, [...page, ids]);
    await client.query(UPDATE_ENTITIES, [...page, ids, givingWay]);
  }
  if (objects.some(isNew)) {
    await client.query(INSERT_ENTITIES, [...page, ref.collectedDatabaseId, idsWhere(objects, isNew), givingWay]);
  }
  await mergeKeys(client, ref, objects);
  await mergePartitions(client, ref, objects);
  return { changes: objects.flatMap(changeOf), forSearch: forSearch(objects, displaced) };
}

async function mergeKeys(client: PoolClient, ref: PageRef, objects: readonly Settled[]): Promise<void> {
  const takenOver = objects.filter(({ newKey, action }) => newKey && action !== 'added' && action !== 'restored');
  if (takenOver.length > 0) await client.query(FORGET_KEYS, [takenOver.map(({ entityId }) => entityId)]);
  const ids = idsWhere(objects, () => true);
  await client.query(UPSERT_SOURCE_OBJECTS, [ref.runId, ref.unit, ref.page, ref.collectedDatabaseId, ids]);
}

async function mergePartitions(client: PoolClient, ref: PageRef, objects: readonly Settled[]): Promise<void> {
  const page = [ref.runId, ref.unit, ref.page];
  const toDrop = ({ action, samePartitions }: Settled) => action !== 'added' && !samePartitions;
  const toUpsert = ({ hasPartitions, samePartitions }: Settled) => hasPartitions && !samePartitions;
  if (objects.some(toDrop)) await client.query(DROP_PARTITIONS, [...page, idsWhere(objects, toDrop)]);
  if (objects.some(toUpsert)) await client.query(UPSERT_PARTITIONS, [...page, idsWhere(objects, toUpsert)]);
}

/** The entity ids of a page's objects in their order, 0 for those that are not concerned. */
function idsWhere(objects: readonly Settled[], concerned: (object: Settled) => boolean): string[] {
  return objects.map((object) => (concerned(object) ? object.entityId : '0'));
}

function changeOf({ action, entityId, kind, fromVersion, toVersion }: Settled): Change[] {
  const change = CHANGE_OF[action];
  return change === undefined ? [] : [{ entityId, kind, change, fromVersion, toVersion }];
}

/** Partitions are in no search document. */
function forSearch(objects: readonly Settled[], displaced: readonly string[]): string[] {
  const visible = objects.filter(({ action }) => action !== 'unchanged' && action !== 'repartitioned');
  return [...new Set([...visible.map(({ entityId }) => entityId), ...displaced])];
}
