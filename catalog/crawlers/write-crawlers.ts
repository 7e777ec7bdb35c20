import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../db/refusals.js';
import { isForeignKeyViolation, isUniqueViolation } from '../../db/violations.js';
import { GroupUnknown } from '../groups/errors.js';
import type { Operation } from '../operations/operation.js';
import { requestOperation, supersedeNarrowing } from '../operations/write-operations.js';
import { leavingDatabases, letAllLeave } from '../retire/leaving.js';

import { CrawlerDeleting, CycleNeedsProduction } from './errors.js';
import type { Plan } from './plan.js';
import { type CrawlerDetail, getCrawler } from './read-crawlers.js';
import { type RemovalGuards, setRemovalGuards } from './removal-guard.js';
import { changeScope, checkScope, takeDatabases } from './scope.js';
import { setVisibilities, type VisibilityChange } from './visibility.js';

/**
 * Creates a crawler and makes the databases its own.
 * @throws DatabaseTaken naming the owners; CycleNeedsProduction; GroupUnknown; NameTaken; InvalidInput; NotFound when
 *   the workspace has no such data source
 */
export async function createCrawler(
  database: Database,
  crawler: {
    workspaceId: string;
    dataSourceId: string;
    resourceGroupId: string;
    /** The data source's name when left out, with a number where that is taken. */
    name?: string;
    databases: readonly string[];
    plan: Plan;
    /** Off when left out. */
    aiDescriptions?: boolean;
    /** Read the source's query history after each collection; not when left out. */
    queryHistory?: boolean | undefined;
    createdBy?: string;
  },
): Promise<CrawlerDetail> {
  checkScope(crawler.databases);
  return database.transaction(async (transaction) => {
    const source = await shareSource(transaction, crawler.dataSourceId, crawler.workspaceId);
    if (crawler.plan.mode === 'cycle' && source.environment !== 'production') throw new CycleNeedsProduction();
    const name = crawler.name ?? (await freeName(transaction, crawler.workspaceId, source.name));
    const id = await writing(name, crawler.resourceGroupId, async () => {
      const [row] = await query<{ id: string }>(
        transaction,
        `INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name, plan, options, ai_descriptions, created_by)
         VALUES (:workspaceId, :dataSourceId, :resourceGroupId, :name, :plan, :options, :aiDescriptions, :createdBy)
         RETURNING id`,
        {
          workspaceId: crawler.workspaceId,
          dataSourceId: crawler.dataSourceId,
          resourceGroupId: crawler.resourceGroupId,
          name,
          plan: JSON.stringify(crawler.plan),
          aiDescriptions: crawler.aiDescriptions ?? false,
          options: JSON.stringify(crawler.queryHistory === true ? { queryHistory: true } : {}),
          createdBy: crawler.createdBy ?? null,
        },
      );
      return row?.id ?? '';
    });
    await takeDatabases(transaction, id, crawler.databases);
    return getCrawler(transaction, id);
  });
}

export interface CrawlerChange extends RemovalGuards, VisibilityChange {
  version: number;
  name?: string;
  resourceGroupId?: string;
  plan?: Plan;
  aiDescriptions?: boolean;
  queryHistory?: boolean | undefined;
  /** The whole scope, not a change of it. */
  databases?: readonly string[];
}

/**
 * Changes what is given. The engine's schedule, and the start of an operation, are the caller's to see to.
 * @returns the crawler, and the operation that takes what left its scope off the map
 * @throws NotFound, VersionConflict, CrawlerDeleting, NameTaken, GroupUnknown, CycleNeedsProduction, DatabaseTaken,
 *   InvalidInput
 */
export async function updateCrawler(
  database: Database,
  id: string,
  change: CrawlerChange,
): Promise<{ crawler: CrawlerDetail; operation: Operation | undefined }> {
  if (change.databases !== undefined) checkScope(change.databases);
  return database.transaction(async (transaction) => {
    const current = await lockCrawler(transaction, id, change.version);
    if (change.plan?.mode === 'cycle') {
      const source = await shareSource(transaction, current.data_source_id, current.workspace_id);
      if (source.environment !== 'production') throw new CycleNeedsProduction();
    }
    await writing(change.name ?? '', change.resourceGroupId ?? '', () =>
      query(
        transaction,
        `UPDATE crawler
            SET name = coalesce(:name, name),
                resource_group_id = coalesce(:resourceGroupId, resource_group_id),
                plan = coalesce(:plan::jsonb, plan),
                ai_descriptions = coalesce(:aiDescriptions::boolean, ai_descriptions),
                options = options || coalesce(:options::jsonb, '{}'),
                ai_looked_through_at = CASE WHEN ai_descriptions THEN ai_looked_through_at END,
                updated_at = now(), version = version + 1
          WHERE id = :id`,
        {
          id,
          name: change.name ?? null,
          resourceGroupId: change.resourceGroupId ?? null,
          plan: change.plan === undefined ? null : JSON.stringify(change.plan),
          aiDescriptions: change.aiDescriptions ?? null,
          options: change.queryHistory === undefined ? null : JSON.stringify({ queryHistory: change.queryHistory }),
        },
      ),
    );
    const leaving = change.databases === undefined ? [] : await changeScope(transaction, id, change.databases);
    await setRemovalGuards(transaction, id, change);
    await setVisibilities(transaction, id, change);
    const crawler = await getCrawler(transaction, id);
    const operation =
      leaving.length === 0
        ? undefined
        : await requestOperation(transaction, {
            kind: 'narrow_scope',
            crawler,
            leaving,
            requestedBy: change.changedBy,
          });
    return { crawler, operation };
  });
}

/**
 * Pauses or resumes the plan; a run that is open goes on, and runs by hand stay possible. Without a version it applies
 * to whatever version there is.
 * @throws NotFound, VersionConflict, CrawlerDeleting
 */
export async function setPaused(
  database: Database,
  id: string,
  change: { paused: boolean; note?: string; version?: number },
): Promise<CrawlerDetail> {
  return database.transaction(async (transaction) => {
    await lockCrawler(transaction, id, change.version);
    await query(
      transaction,
      `UPDATE crawler
          SET paused = :paused, pause_note = :note, updated_at = now(), version = version + 1
        WHERE id = :id`,
      { id, paused: change.paused, note: change.paused ? (change.note ?? null) : null },
    );
    return getCrawler(transaction, id);
  });
}

/**
 * Takes a crawler and all it collected out of lists and forbids runs and edits, ahead of its deletion. Repeatable: the
 * operation is the same.
 * @throws NotFound
 */
export async function markDeleting(database: Database, id: string, requestedBy?: string): Promise<Operation> {
  return database.transaction(async (transaction) => {
    const [crawler] = await query<{ id: string; name: string; workspaceId: string }>(
      transaction,
      `UPDATE crawler
          SET status = 'deleting',
              updated_at = CASE status WHEN 'deleting' THEN updated_at ELSE now() END,
              version = CASE status WHEN 'deleting' THEN version ELSE version + 1 END
        WHERE id = ?
        RETURNING id, name, workspace_id AS "workspaceId"`,
      [id],
    );
    if (crawler === undefined) throw new NotFound('crawler', id);
    const leaving = await leavingDatabases(transaction, id, []);
    await letAllLeave(transaction, id);
    await supersedeNarrowing(transaction, id);
    return requestOperation(transaction, { kind: 'delete_crawler', crawler, leaving, requestedBy });
  });
}

/** Held until the transaction ends, so that the source cannot leave production or vanish meanwhile. */
async function shareSource(
  transaction: Database,
  id: string,
  workspaceId: string,
): Promise<{ name: string; environment: string }> {
  const [source] = await query<{ name: string; environment: string }>(
    transaction,
    'SELECT name, environment FROM data_source WHERE id = ? AND workspace_id = ? FOR SHARE',
    [id, workspaceId],
  );
  if (source === undefined) throw new NotFound('data source', id);
  return source;
}

async function lockCrawler(
  transaction: Database,
  id: string,
  version: number | undefined,
): Promise<{ data_source_id: string; workspace_id: string }> {
  const [crawler] = await query<{ version: number; status: string; data_source_id: string; workspace_id: string }>(
    transaction,
    'SELECT version, status, data_source_id, workspace_id FROM crawler WHERE id = ? FOR UPDATE',
    [id],
  );
  if (crawler === undefined) throw new NotFound('crawler', id);
  if (crawler.status === 'deleting') throw new CrawlerDeleting(id);
  if (version !== undefined && crawler.version !== version) throw new VersionConflict('crawler', id, crawler.version);
  return crawler;
}

/** The name, or with the first number that makes it free. Somebody may take it before the insert: then that one says so. */
async function freeName(transaction: Database, workspaceId: string, name: string): Promise<string> {
  const taken = await query<{ name: string }>(
    transaction,
    `SELECT name FROM crawler WHERE workspace_id = :workspaceId AND starts_with(name, :name)`,
    { workspaceId, name },
  );
  const names = new Set(taken.map((row) => row.name));
  if (!names.has(name)) return name;
  let number = 2;
  while (names.has(`${name} ${number}`)) number += 1;
  return `${name} ${number}`;
}

async function writing<T>(name: string, groupId: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (isUniqueViolation(error, 'crawler_name_unique')) throw new NameTaken('crawler', name);
    if (isForeignKeyViolation(error, 'crawler_resource_group_id_fkey')) throw new GroupUnknown(groupId);
    throw error;
  }
}
