import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../db/refusals.js';
import { isForeignKeyViolation, isUniqueViolation } from '../../db/violations.js';
import { InvalidInput } from '../model/errors.js';
import { GroupInUse } from './errors.js';
import { groupSlots } from './slots.js';
import { type LiveWorker, liveWorkers } from './workers.js';

export interface ResourceGroup {
  id: string;
  name: string;
  description: string | null;
  region: string | null;
  /** Compute units of each of its worker processes. */
  capacityCu: number;
  cuPerTask: number;
  /** Tasks that one of its workers runs at once. */
  slots: number;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  /** Worker processes heard of lately; none means that nothing in the group can run. */
  liveWorkers: number;
  crawlers: number;
}

export interface ResourceGroupDetail extends ResourceGroup {
  workers: LiveWorker[];
}

interface Capacity {
  capacityCu?: number;
  cuPerTask?: number;
}

const SELECT = `
  SELECT g.id, g.name, g.description, g.region, g.capacity_cu::float8 AS "capacityCu", g.cu_per_task::float8 AS "cuPerTask",
         g.version, g.created_at AS "createdAt", g.updated_at AS "updatedAt",
         (SELECT count(*)::int FROM worker_process w
           WHERE w.resource_group_id = g.id AND w.seen_at > now() - interval '20 seconds') AS "liveWorkers",
         (SELECT count(*)::int FROM crawler c WHERE c.resource_group_id = g.id) AS crawlers
    FROM resource_group g`;

/**
 * Creates a resource group. Its id is part of a task queue's name and stays.
 * @throws NameTaken when the id is taken; InvalidInput
 */
export async function createGroup(
  database: Database,
  group: { id: string; name?: string; description?: string | null; region?: string | null } & Capacity,
): Promise<ResourceGroupDetail> {
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(group.id))
    throw new InvalidInput([{ path: 'id', message: 'must be lower-case letters, digits and dashes, at most 63' }]);
  checkCapacity({ capacityCu: group.capacityCu ?? 1, cuPerTask: group.cuPerTask ?? 0.25 });
  try {
    await query(
      database,
      `INSERT INTO resource_group (id, name, description, region, capacity_cu, cu_per_task)
       VALUES (:id, :name, :description, :region, :capacityCu, :cuPerTask)`,
      {
        id: group.id,
        name: group.name ?? group.id,
        description: group.description ?? null,
        region: group.region ?? null,
        capacityCu: group.capacityCu ?? 1,
        cuPerTask: group.cuPerTask ?? 0.25,
      },
    );
  } catch (error) {
    if (isUniqueViolation(error)) throw new NameTaken('resource group', group.id);
    throw error;
  }
  return getGroup(database, group.id);
}

/** All groups by id; there are few, so there are no pages. */
export async function listGroups(database: Database): Promise<ResourceGroup[]> {
  return (await query<Omit<ResourceGroup, 'slots'>>(database, `${SELECT} ORDER BY g.id`)).map(withSlots);
}

/** @throws NotFound */
export async function getGroup(database: Database, id: string): Promise<ResourceGroupDetail> {
  const [group] = await query<Omit<ResourceGroup, 'slots'>>(database, `${SELECT} WHERE g.id = ?`, [id]);
  if (group === undefined) throw new NotFound('resource group', id);
  return { ...withSlots(group), workers: await liveWorkers(database, id) };
}

/**
 * Changes what is given. Workers take a new capacity by themselves.
 * @throws NotFound, VersionConflict, InvalidInput
 */
export async function updateGroup(
  database: Database,
  id: string,
  change: { version: number; name?: string; description?: string | null; region?: string | null } & Capacity,
): Promise<ResourceGroupDetail> {
  const current = await getGroup(database, id);
  const next = { ...current, ...change };
  checkCapacity(next);
  const updated = await query(
    database,
    `UPDATE resource_group
        SET name = :name, description = :description, region = :region, capacity_cu = :capacityCu,
            cu_per_task = :cuPerTask, updated_at = now(), version = version + 1
      WHERE id = :id AND version = :version
      RETURNING id`,
    {
      id,
      version: change.version,
      name: next.name,
      description: next.description,
      region: next.region,
      capacityCu: next.capacityCu,
      cuPerTask: next.cuPerTask,
    },
  );
  const after = await getGroup(database, id);
  if (updated.length === 0) throw new VersionConflict('resource group', id, after.version);
  return after;
}

/** @throws NotFound; GroupInUse while crawlers run in it */
export async function deleteGroup(database: Database, id: string): Promise<void> {
  try {
    const deleted = await query(database, 'DELETE FROM resource_group WHERE id = ? RETURNING id', [id]);
    if (deleted.length === 0) throw new NotFound('resource group', id);
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    const crawlers = await query<{ id: string; name: string; workspaceId: string }>(
      database,
      `SELECT id, name, workspace_id AS "workspaceId" FROM crawler WHERE resource_group_id = ? ORDER BY name LIMIT 100`,
      [id],
    );
    throw new GroupInUse(id, crawlers);
  }
}

function withSlots(group: Omit<ResourceGroup, 'slots'>): ResourceGroup {
  return { ...group, slots: groupSlots(group.capacityCu, group.cuPerTask) };
}

function checkCapacity(capacity: { capacityCu: number; cuPerTask: number }): void {
  const issues = (['capacityCu', 'cuPerTask'] as const)
    .filter((path) => !(capacity[path] >= 0.01 && capacity[path] <= 10_000))
    .map((path) => ({ path, message: 'must be from 0.01 to 10,000 compute units' }));
  if (issues.length === 0 && capacity.cuPerTask > capacity.capacityCu)
    issues.push({ path: 'cuPerTask', message: 'must not be more than the whole capacity' });
  if (issues.length > 0) throw new InvalidInput(issues);
}
