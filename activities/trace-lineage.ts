import { type Problem, recordProblems } from '../catalog/runs/problems.js';
import type { RunLogger } from '../catalog/runs/run-logger.js';
import { lookAgainAfterRun } from '../lineage/events/look-again.js';
import { forgetOldStatements, renewSeenEdges } from '../lineage/history/age-statements.js';
import { pendingStatements } from '../lineage/history/pending-statements.js';
import { readStatements } from '../lineage/history/read-statements.js';
import type { StatementReader } from '../lineage/processes/statement-reader.js';
import { endEdgesOfRemovedViews, pendingViews } from '../lineage/views/pending-views.js';
import { type ReadView, readViews } from '../lineage/views/read-views.js';
import { type ControlActivities, TRACE_ATTEMPTS } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import type { Liveness } from './liveness.js';
import { loggedStep } from './logged-step.js';

/** Views read and written in one go. */
const BATCH = 200;
/** Days after which what a statement of the history moved is no lineage any more, unless it ran again. */
const HISTORY_DAYS = 30;

interface Traced {
  /** The last view that is done. */
  after: string;
  views: number;
  unread: number;
  parsers: Record<string, number>;
  /** Of the history, after the views. */
  statements?: { after: string; read: number; partial: number };
}

/**
 * Makes the activity that reads the views which a run brought, changed or removed, and keeps their edges. What is to be
 * read is told by the map and not by the run, so that what one run leaves out the next one does.
 */
export function createTraceLineage(
  context: ActivityContext,
  reader: StatementReader,
): ControlActivities['traceLineage'] {
  return ({ runId }) =>
    loggedStep<Traced, { views: number; unread: number }>(context, { step: 'lineage', runId }, (liveness, log) =>
      trace(context, reader, runId, liveness, log).catch(async (error: unknown) => {
        if (!liveness.signal.aborted && liveness.attempt >= TRACE_ATTEMPTS) await tellOfFailure(context, runId, error);
        throw error;
      }),
    );
}

async function trace(
  context: ActivityContext,
  reader: StatementReader,
  runId: string,
  { signal, checkpoint, previous }: Liveness<Traced>,
  log: RunLogger,
): Promise<{ views: number; unread: number }> {
  const { database } = context;
  const ended = await endEdgesOfRemovedViews(database, runId);
  await lookAgainAfterRun(database, runId);
  const traced: Traced = previous ?? { after: '0', views: 0, unread: 0, parsers: {} };
  for (;;) {
    signal.throwIfAborted();
    const views = await pendingViews(database, runId, { after: traced.after, limit: BATCH });
    if (views.length === 0) break;
    const read = await readViews(database, reader, runId, views);
    await tellOfUnread(database, runId, read);
    for (const { process } of read) {
      traced.views += 1;
      if (process.state === 'unparsed') traced.unread += 1;
      if (process.parser !== null) traced.parsers[process.parser] = (traced.parsers[process.parser] ?? 0) + 1;
    }
    traced.after = views.at(-1)?.id ?? traced.after;
    checkpoint(traced);
  }
  const { views, unread, parsers } = traced;
  if (views > 0 || ended > 0) {
    const by = Object.entries(parsers).map(([parser, count]) => `${count} by ${parser}`);
    const words = [`${views - unread} of ${views} views read${by.length === 0 ? '' : ` (${by.join(', ')})`}`];
    if (ended > 0) words.push(`${ended} edges of removed views ended`);
    log[unread > 0 ? 'warn' : 'info']('lineage', `Lineage: ${words.join('; ')}`, { views, unread, ended, ...parsers });
  }
  await traceStatements(context, reader, runId, traced, { signal, checkpoint }, log);
  return { views, unread };
}

/** Reads what collecting noted of the query history, and ends what did not run for long. */
async function traceStatements(
  { database, historyDays = HISTORY_DAYS }: ActivityContext,
  reader: StatementReader,
  runId: string,
  traced: Traced,
  { signal, checkpoint }: Pick<Liveness<Traced>, 'signal' | 'checkpoint'>,
  log: RunLogger,
): Promise<void> {
  traced.statements ??= { after: '0', read: 0, partial: 0 };
  const progress = traced.statements;
  for (;;) {
    signal.throwIfAborted();
    const statements = await pendingStatements(database, runId, { after: progress.after, limit: BATCH });
    if (statements.length === 0) break;
    const read = await readStatements(database, reader, runId, statements);
    progress.read += read.length;
    progress.partial += read.filter(({ state }) => state === 'partial').length;
    progress.after = statements.at(-1)?.id ?? progress.after;
    checkpoint(traced);
  }
  await renewSeenEdges(database, runId);
  const forgotten = await forgetOldStatements(database, historyDays);
  if (progress.read === 0 && forgotten === 0) return;
  const words = [`${progress.read} statements of the query history read`];
  if (progress.partial > 0) words.push(`${progress.partial} of them in part`);
  if (forgotten > 0) words.push(`${forgotten} forgotten that did not run for ${historyDays} days`);
  log.info('lineage', `Lineage: ${words.join('; ')}`, { ...progress, forgotten });
}

/** The run succeeds all the same, so that its problems are where people learn of it. */
async function tellOfFailure({ database, log }: ActivityContext, runId: string, error: unknown): Promise<void> {
  const problem: Problem = {
    schema: null,
    name: null,
    code: 'LINEAGE_NOT_TRACED',
    message: `Views could not be read for their lineage: ${error instanceof Error ? error.message : String(error)}`,
    remedy: 'Run the crawler again: the next run reads what this one left. The log of the worker has the details.',
  };
  await recordProblems(database, runId, 1, [problem]).catch((err: unknown) =>
    log.warn({ err, runId }, 'A problem of lineage could not be recorded'),
  );
}

async function tellOfUnread(
  database: ActivityContext['database'],
  runId: string,
  read: readonly ReadView[],
): Promise<void> {
  const byUnit = new Map<number, Problem[]>();
  for (const { view, process } of read) {
    // That a text is not shown was said when the source was read.
    if (process.state !== 'unparsed' || view.text === null) continue;
    const problem: Problem = {
      schema: view.schema,
      name: view.name,
      code: 'VIEW_NOT_READ',
      message: `Where ${view.name} comes from is not known: ${process.reason}`,
      remedy: 'Its columns and text are on the map all the same. State its edges by hand if they matter.',
    };
    byUnit.set(view.unit, [...(byUnit.get(view.unit) ?? []), problem]);
  }
  for (const [unit, problems] of byUnit) await recordProblems(database, runId, unit, problems);
}
