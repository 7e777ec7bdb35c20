import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** What became of the runs of one crawler, in the order in which it was committed. */
export interface RunHistory {
  /** The most runs that were open at once. */
  most: number;
  /** The statuses that a run had, in order; none of one that never was. */
  statuses(runId: string | undefined): string[];
  crawlerGone: boolean;
}

/**
 * Has the catalog write down every status that a run gets, also of runs that are deleted later. Two runs of a crawler
 * cannot change places in it: that one opens has to wait until the other's end is committed.
 */
export async function keepHistory(database: Database): Promise<void> {
  await database.raw(`
    CREATE TABLE run_history (
      seq bigserial, crawler_id uuid, run_id uuid, status text
    );
    CREATE FUNCTION note_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO run_history (crawler_id, run_id, status)
      VALUES (coalesce(NEW.crawler_id, OLD.crawler_id), coalesce(NEW.id, OLD.id), coalesce(NEW.status, 'deleted'));
      RETURN NULL;
    END $$;
    CREATE TRIGGER note_run AFTER INSERT OR DELETE OR UPDATE OF status ON crawl_run
      FOR EACH ROW EXECUTE FUNCTION note_run()`);
}

/** Reads what {@link keepHistory} had written down of a crawler. */
export async function openAtOnce(database: Database, crawlerId: string): Promise<RunHistory> {
  const rows = await query<{ runId: string; status: string }>(
    database,
    'SELECT run_id AS "runId", status FROM run_history WHERE crawler_id = ? ORDER BY seq',
    [crawlerId],
  );
  const crawlers = await query(database, 'SELECT 1 FROM crawler WHERE id = ?', [crawlerId]);
  const open = new Set<string>();
  let most = 0;
  for (const { runId, status } of rows) {
    if (['queued', 'running', 'stopping'].includes(status)) open.add(runId);
    else open.delete(runId);
    most = Math.max(most, open.size);
  }
  return {
    most,
    statuses: (runId) => rows.filter((row) => row.runId === runId).map(({ status }) => status),
    crawlerGone: crawlers.length === 0,
  };
}
