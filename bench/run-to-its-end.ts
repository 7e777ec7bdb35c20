import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { queueRun } from '../catalog/runs/queue-run.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import type { Installation } from './installation.js';

/** A run that has ended. Times are milliseconds since 1970. */
export interface EndedRun {
  status: string;
  started: number;
  /** When its last database was written and committed. */
  unitEnded: number;
  /** When it was closed and everything of it was searchable. */
  ended: number;
  counts: Record<string, number>;
}

/** Runs a crawler once through Temporal and waits for the end. @throws when it did not succeed */
export async function runToItsEnd(
  { database, orchestrator }: Pick<Installation, 'database' | 'orchestrator'>,
  { crawlerId, crawlerName }: { crawlerId: string; crawlerName: string },
): Promise<EndedRun> {
  const runId = randomUUID();
  const started = Date.now();
  const { started: accepted } = await orchestrator.startCrawl({
    crawlerId,
    crawlerName,
    resourceGroup: 'default',
    runId,
    trigger: 'manual',
  });
  if (!accepted) throw new Error('Another crawl of the bench is open');
  await queueRun(database, { runId, crawlerId, trigger: 'manual' });
  const run = await ended(database, runId);
  if (run.status !== 'succeeded') throw new Error(`The crawl ended ${run.status}: ${JSON.stringify(run.error)}`);
  return { status: run.status, started, unitEnded: run.unitEnded ?? run.ended, ended: run.ended, counts: run.counts };
}

async function ended(database: Database, runId: string) {
  for (;;) {
    const [run] = await query<{
      status: string;
      ended: number | null;
      unitEnded: number | null;
      counts: Record<string, number>;
      error: unknown;
    }>(
      database,
      `SELECT r.status, r.counts, r.error,
              (extract(epoch FROM r.ended_at) * 1000)::float AS ended,
              (SELECT (extract(epoch FROM max(u.ended_at)) * 1000)::float FROM crawl_unit u WHERE u.run_id = r.id) AS "unitEnded"
         FROM crawl_run r
        WHERE r.id = :runId`,
      { runId },
    );
    if (run !== undefined && run.ended !== null) return { ...run, ended: run.ended };
    await delay(50);
  }
}
