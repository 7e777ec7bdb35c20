import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DatabaseLeftScope, FencedOut, RunEnded } from './errors.js';
import type { Failure, RunTrigger, UnitStatus } from './run-state.js';
import { storedFailure } from './stored-failure.js';

export interface RunUnit {
  runId: string;
  /** 1 and up, in the order of the databases' names. */
  unit: number;
  database: string;
}

/** What a unit's collector needs to know: where it left off, and what the last complete listing was of. */
export interface UnitClaim {
  collectedDatabaseId: string;
  crawlerId: string;
  workspaceId: string;
  dataSourceId: string;
  sourceType: string;
  instance: string;
  database: string;
  /** The last key staged by an earlier attempt. */
  cursor: string | null;
  pagesStaged: number;
  lastServerIdentity: string | null;
  /** Nothing is to be read now. */
  paused: boolean;
  trigger: RunTrigger;
  /** The run that the unit's run retries or applies. */
  ofRunId: string | null;
  /** When everything was last read, fingerprints aside. */
  fullReadAt: Date | null;
}

/**
 * The databases of a run that it did not collect whole, and that no later run has collected whole since.
 * @param run the SQL of that run's id
 */
export const UNITS_TO_RETRY = (run: string): string => `
  SELECT f.collected_database_id
    FROM crawl_unit f
    JOIN crawl_run fr ON fr.id = f.run_id
   WHERE f.run_id = ${run} AND f.status IN ('failed', 'stopped', 'partial')
     AND NOT EXISTS (
           SELECT 1
             FROM crawl_unit l
             JOIN crawl_run lr ON lr.id = l.run_id
            WHERE lr.crawler_id = fr.crawler_id AND lr.number > fr.number
              AND lr.trigger NOT IN ('plan', 'revert', 'refresh')
              AND l.collected_database_id = f.collected_database_id AND l.status = 'done')`;

/**
 * Makes one unit of each database in the crawler's scope, once; of a retry, of those that the run before did not
 * collect whole, or of all where it came to none; of a refresh, of those whose tables it names; of an apply, of those that were planned; of a revert, of those that
 * the run before changed. Returns how many the run has.
 */
export async function planUnits(database: Database, runId: string): Promise<number> {
  await query(
    database,
    `INSERT INTO crawl_unit (run_id, unit, collected_database_id, database_name)
     SELECT r.id, row_number() OVER (ORDER BY d.name), d.id, d.name
       FROM crawl_run r
       JOIN collected_database d ON d.crawler_id = r.crawler_id AND d.retiring_at IS NULL
      WHERE r.id = :runId AND NOT EXISTS (SELECT 1 FROM crawl_unit u WHERE u.run_id = r.id)
        AND (r.trigger <> 'retry'
          OR NOT EXISTS (SELECT 1 FROM crawl_unit u WHERE u.run_id = r.of_run_id)
          OR d.id IN (${UNITS_TO_RETRY('r.of_run_id')}))
        AND (r.trigger <> 'apply' OR d.id IN (
              SELECT p.collected_database_id FROM crawl_unit p WHERE p.run_id = r.of_run_id AND p.status = 'planned'))
        AND (r.trigger <> 'refresh' OR d.id IN (
              SELECT i.collected_database_id FROM table_refresh_item i WHERE i.run_id = r.id AND i.outcome IS NULL))
        AND (r.trigger <> 'revert' OR d.id IN (
              SELECT e.collected_database_id
                FROM run_change x
                JOIN entity e ON e.id = x.entity_id
               WHERE x.run_id = r.of_run_id AND x.change <> 'held'))
     ON CONFLICT DO NOTHING`,
    { runId },
  );
  const [row] = await query<{ units: number }>(
    database,
    'SELECT count(*)::int AS units FROM crawl_unit WHERE run_id = ?',
    [runId],
  );
  return row?.units ?? 0;
}

/** Units after one, in order, that have not come to an end. */
export async function nextUnits(
  database: Database,
  runId: string,
  page: { after: number; limit: number },
): Promise<RunUnit[]> {
  return query<RunUnit>(
    database,
    `SELECT run_id AS "runId", unit, database_name AS database
       FROM crawl_unit
      WHERE run_id = :runId AND unit > :after AND status IN ('pending', 'collecting', 'collected', 'publishing')
      ORDER BY unit
      LIMIT :limit`,
    { runId, after: page.after, limit: page.limit },
  );
}

/**
 * Makes an attempt the one that may stage and publish a unit. Attempts only count up: whoever claimed earlier with a
 * lower number finds its next write refused, if that write checks `attempt` and an unended status in its transaction.
 * @throws FencedOut when a later attempt holds the unit, or it came to an end; RunEnded when the run did;
 *   DatabaseLeftScope when the database is no longer to be collected
 */
export async function claimUnit(
  database: Database,
  claim: { runId: string; unit: number; attempt: number; worker: string },
): Promise<UnitClaim> {
  return database.transaction(async (transaction) => {
    const [run] = await query<Pick<UnitClaim, 'paused' | 'trigger' | 'ofRunId'>>(
      transaction,
      `SELECT paused_at IS NOT NULL AS paused, trigger, of_run_id AS "ofRunId"
         FROM crawl_run
        WHERE id = ? AND status IN ('queued', 'running', 'stopping')
          FOR SHARE`,
      [claim.runId],
    );
    if (run === undefined) throw new RunEnded(claim.runId);
    const [unit] = await query<{ database_name: string; collected_database_id: string | null }>(
      transaction,
      `UPDATE crawl_unit
          SET attempt = :attempt, worker = :worker, status = 'collecting', started_at = coalesce(started_at, now())
        WHERE run_id = :runId AND unit = :unit AND status IN ('pending', 'collecting', 'collected')
          AND (attempt < :attempt OR (attempt = :attempt AND worker = :worker))
        RETURNING database_name, collected_database_id`,
      claim,
    );
    if (unit === undefined) throw new FencedOut(claim.runId, claim.unit, claim.attempt);
    const [found] = await query<Omit<UnitClaim, keyof typeof run>>(
      transaction,
      `SELECT d.id AS "collectedDatabaseId", d.crawler_id AS "crawlerId", d.workspace_id AS "workspaceId",
              d.data_source_id AS "dataSourceId", d.source_type AS "sourceType", d.instance, d.name AS database,
              u.cursor, u.pages_staged AS "pagesStaged",
              d.server_identity AS "lastServerIdentity", d.full_read_at AS "fullReadAt"
         FROM crawl_unit u
         JOIN collected_database d ON d.id = u.collected_database_id AND d.retiring_at IS NULL
        WHERE u.run_id = :runId AND u.unit = :unit`,
      { runId: claim.runId, unit: claim.unit },
    );
    if (found === undefined) throw new DatabaseLeftScope(unit.database_name);
    return { ...found, ...run };
  });
}

/**
 * What an earlier attempt collected of a unit that is being published, so that nothing is left to collect: it had merged all
 * pages with its receipt, and did not live to say so.
 */
export async function collectedBefore(
  database: Database,
  { runId, unit }: { runId: string; unit: number },
): Promise<{ tables: number; changed: number } | undefined> {
  const [row] = await query<{ tables: number; changed: number }>(
    database,
    `SELECT (receipt ->> 'tables')::int AS tables,
            coalesce((counts ->> 'added')::int, 0) + coalesce((counts ->> 'restored')::int, 0)
              + coalesce((counts ->> 'changed')::int, 0) AS changed
       FROM crawl_unit
      WHERE run_id = :runId AND unit = :unit AND status = 'publishing'`,
    { runId, unit },
  );
  return row;
}

/** Records that a unit could not be collected, and why. One that ended keeps its ending. */
export async function failUnit(
  database: Database,
  unit: { runId: string; unit: number; error: Failure },
): Promise<void> {
  await endUnit(database, unit, 'failed', storedFailure(unit.error));
}

/** Records that a unit was broken off by a Stop. One that ended keeps its ending. */
export async function stopUnit(database: Database, unit: { runId: string; unit: number }): Promise<void> {
  await endUnit(database, unit, 'stopped', null);
}

async function endUnit(
  database: Database,
  unit: { runId: string; unit: number },
  status: UnitStatus,
  error: Failure | null,
): Promise<void> {
  await query(
    database,
    `WITH ended AS (
       UPDATE crawl_unit
          SET status = :status, error = :error, ended_at = now()
        WHERE run_id = :runId AND unit = :unit AND status IN ('pending', 'collecting', 'collected', 'publishing')
        RETURNING run_id, unit
     )
     DELETE FROM staged_object s USING ended WHERE s.run_id = ended.run_id AND s.unit = ended.unit`,
    { runId: unit.runId, unit: unit.unit, status, error: error === null ? null : JSON.stringify(error) },
  );
}

/** Ends what a run leaves undone, and drops what it had staged and will not publish, unless that is an open plan. */
export async function endUnfinishedUnits(transaction: Database, runId: string): Promise<void> {
  await query(
    transaction,
    `UPDATE crawl_unit SET status = 'stopped', ended_at = now()
      WHERE run_id = ? AND status IN ('pending', 'collecting', 'collected', 'publishing')`,
    [runId],
  );
  await query(
    transaction,
    `DELETE FROM staged_object s
      WHERE s.run_id = ? AND NOT EXISTS (SELECT 1 FROM crawl_plan p WHERE p.run_id = s.run_id AND p.state = 'open')`,
    [runId],
  );
}
