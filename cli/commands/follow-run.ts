import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../server/client.js';
import { everyItem } from '../server/pages.js';
import type { RunProgress } from '../terminal/run-progress.js';
import type { Run, RunLog, RunUnit } from './wire.js';

const OPEN: readonly Run['status'][] = ['queued', 'running', 'stopping'];
/** Milliseconds between two looks at an open run. */
const INTERVAL = 400;
/** Milliseconds that an ended run gets until search shows it, before the answer is given without. */
const SEARCH_PATIENCE = 30_000;
/** More databases than this are not asked for one by one while the run is open. */
const MANY = 500;

export const isOpen = (run: Run): boolean => OPEN.includes(run.status);

/**
 * Shows a run until it has ended and search is complete up to it.
 * @returns the ended run
 */
export async function followRun(client: Client, runId: string, progress: RunProgress): Promise<Run> {
  try {
    for (;;) {
      const run = await client.get<Run>(`/runs/${runId}`);
      const units: RunUnit[] = run.units.total > MANY ? [] : await unitsOf(client, runId);
      progress.show(run, units);
      if (run.status === 'running' && run.active.length === 0) progress.note(await lastError(client, runId));
      if (!isOpen(run)) return await untilSearchable(client, run);
      await delay(INTERVAL);
    }
  } finally {
    progress.end();
  }
}

export async function unitsOf(client: Client, runId: string): Promise<RunUnit[]> {
  const units: RunUnit[] = [];
  for await (const unit of everyItem<RunUnit>(client, `/runs/${runId}/units`, { limit: 500 })) units.push(unit);
  return units;
}

/** Why a run does not get on although nobody stops it: what failed last and is being tried again. */
async function lastError(client: Client, runId: string): Promise<string | undefined> {
  const log = await client.get<RunLog>(`/runs/${runId}/log`, { direction: 'backward', level: 'error', limit: 1 });
  return log.lines[0]?.message;
}

async function untilSearchable(client: Client, run: Run): Promise<Run> {
  if (run.status !== 'succeeded' && run.status !== 'partial') return run;
  let current = run;
  for (const deadline = Date.now() + SEARCH_PATIENCE; current.searchableAt === null && Date.now() < deadline; ) {
    await delay(INTERVAL);
    current = await client.get<Run>(`/runs/${run.id}`);
  }
  return current;
}
