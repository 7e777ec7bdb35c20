import { setTimeout as sleep } from 'node:timers/promises';
import { describingOfRun } from '../catalog/describing/describing-of-run.js';
import { type OpenModel, openModel } from '../catalog/describing/model-settings.js';
import { mayAsk, noteModelFailure, readModelState, takeTurn } from '../catalog/describing/model-state.js';
import { nextTables, type WorkOnTable } from '../catalog/describing/needed.js';
import { markDone, queueDue, untilNextTable } from '../catalog/describing/queue.js';
import { appendRunLog } from '../catalog/runs/run-log.js';
import { SecretUnavailable } from '../catalog/sources/errors.js';
import type { ControlActivities, Described } from '../workflows/contract.js';
import { type AskedTable, askAboutTable } from './ask-about-table.js';
import type { ActivityContext } from './context.js';
import { type Liveness, withLiveness } from './liveness.js';

/** Tables read at once from the queue. */
const BATCH = 100;
/** How long one attempt goes on before it reports what it did, in milliseconds. */
const STRETCH = 120_000;
/** The longest sleep, so that no clock that was set back keeps the work from going on for days. */
const LONGEST_SLEEP = 86_400_000;

/**
 * Makes the activity that has tables described. All it knows stands in rows, so that whoever takes over after a worker that
 * died goes on where that one was: at worst one request for each lane is made again.
 */
export function createDescribeTables(context: ActivityContext): ControlActivities['describeTables'] {
  return () =>
    withLiveness<{ tables: number }, Described>(async (liveness) => {
      const runs = new Set<string>();
      const described = await describe(context, liveness, runs);
      for (const runId of runs) await tellRun(context.database, runId);
      return described;
    });
}

/** @param runs is given the runs that queued what was seen to */
async function describe(
  context: ActivityContext,
  { signal, checkpoint }: Pick<Liveness<{ tables: number }>, 'signal' | 'checkpoint'>,
  runs: Set<string>,
): Promise<Described> {
  const { database } = context;
  const until = Date.now() + STRETCH;
  const done = { tables: 0, suggestions: 0, refused: 0 };
  for (;;) {
    const model = await modelToAsk(context);
    if (model === undefined) return { ...done, next: 'rest', waitMs: 0 };
    const { waitsUntil } = await readModelState(database);
    if (waitsUntil !== null) return later(done, waitsUntil.getTime() - Date.now());
    await queueDue(database, signal);
    const tables = await nextTables(database, BATCH);
    if (tables.length === 0) return inAWhile(done, await untilNextTable(database));
    for (const { runId } of tables) if (runId !== null) runs.add(runId);
    const settled = tables.filter(({ needed }) => needed.length === 0);
    await markDone(database, settled);
    done.tables += settled.length;
    const asked = tables.filter(({ needed }) => needed.length > 0);
    await inLanes(context, model, asked, { until, signal, done });
    checkpoint({ tables: done.tables });
    if (Date.now() >= until) return { ...done, next: 'more', waitMs: 0 };
  }
}

/** A line in the log of a run whose tables have all been seen to. */
async function tellRun(database: ActivityContext['database'], runId: string): Promise<void> {
  const described = await describingOfRun(database, runId);
  if (described === undefined || described.due || described.waiting > 0) return;
  const { done, failed, suggestions, refused, requests, failures, tokens } = described;
  const words = [`${done} tables seen to, ${suggestions} suggestions`];
  if (refused > 0) words.push(`${refused} answers refused`);
  for (const { code, tables } of failed) words.push(`${tables} tables given up (${code})`);
  words.push(`${requests} requests and ${tokens} tokens`);
  await appendRunLog(database, runId, [
    {
      level: failed.length > 0 ? 'warn' : 'info',
      step: 'describe',
      message: `Descriptions: ${words.join('; ')}`,
      fields: { done, failed, suggestions, refused, requests, failures, tokens },
    },
  ]);
}

type Done = Pick<Described, 'tables' | 'suggestions' | 'refused'>;

const later = (done: Done, waitMs: number): Described => ({
  ...done,
  next: 'later',
  waitMs: Math.min(Math.max(Math.ceil(waitMs), 1), LONGEST_SLEEP),
});

function inAWhile(done: Done, waitMs: number | undefined): Described {
  return waitMs === undefined ? { ...done, next: 'rest', waitMs: 0 } : later(done, waitMs);
}

/** Undefined where nothing may be asked until somebody says so. */
async function modelToAsk({ database, secretKey }: ActivityContext): Promise<OpenModel | undefined> {
  if (!mayAsk(await readModelState(database))) return undefined;
  try {
    return await openModel(database, secretKey);
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error;
    const { code, message, remedy } = error;
    await noteModelFailure(database, { code, message, remedy }, { kind: 'stop' });
    return undefined;
  }
}

/** Works on the tables side by side, until they are done, time is up, or nothing may be asked for now. */
async function inLanes(
  context: ActivityContext,
  model: OpenModel,
  tables: readonly WorkOnTable[],
  { until, signal, done }: { until: number; signal: AbortSignal; done: Done },
): Promise<void> {
  const waiting = [...tables];
  let over = false;
  const lane = async () => {
    for (let table = waiting.shift(); table !== undefined && !over; table = waiting.shift()) {
      const asked = await askWhole(context, model, table, () => over || Date.now() >= until, signal);
      done.suggestions += asked.suggestions;
      done.refused += asked.refused;
      if (asked.done) done.tables += 1;
      if (asked.over) over = true;
    }
  };
  await Promise.all(Array.from({ length: model.concurrency }, lane));
}

/** Asks about one table in as many requests as its columns take. */
async function askWhole(
  context: ActivityContext,
  model: OpenModel,
  table: WorkOnTable,
  isOver: () => boolean,
  signal: AbortSignal,
): Promise<AskedTable & { done: boolean; over: boolean }> {
  const total = { suggestions: 0, refused: 0 };
  let left = table.needed;
  while (left.length > 0) {
    if (isOver()) return { ...total, left, done: false, over: true };
    const turn = await takeTurn(context.database, model.version);
    if (turn === undefined) return { ...total, left, done: false, over: true };
    await sleep(turn, undefined, { signal });
    const asked = await askAboutTable(context, model, table, left, signal);
    if (asked === undefined) return { ...total, left, done: false, over: true };
    total.suggestions += asked.suggestions;
    total.refused += asked.refused;
    if (asked.left.length === left.length) return { ...total, left, done: false, over: false };
    left = asked.left;
  }
  // What was refused of it may be asked once more, so only what has nothing left is done.
  if (total.refused === 0) await markDone(context.database, [table]);
  return { ...total, left, done: total.refused === 0, over: false };
}
