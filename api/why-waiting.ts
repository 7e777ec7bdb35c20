import { limitsOfRun } from '../catalog/governor/limits.js';
import { quietUntil } from '../catalog/governor/quiet-hours.js';
import { liveWorkers } from '../catalog/groups/workers.js';
import type { RunDetail } from '../catalog/runs/read-runs.js';
import { databaseOfUnit, placeInGroup, searchBehind, type Waiting } from '../catalog/runs/waiting.js';
import { OrchestratorUnavailable, type WaitingStep } from '../orchestrator/port.js';
import type { ApiContext } from './context.js';
import { withoutWorker } from './without-worker.js';

/** Steps that a worker of the resource group runs; the others are the control queue's. */
const ON_THE_GROUP = new Set(['discoverUnits', 'collectUnit']);

/** What a step failed with because it is not its turn: nothing is wrong. */
const IN_TURN = new Set(['SOURCE_BUSY', 'RUN_THROTTLED']);

/**
 * Why an open run does not go on, and what is owed after its end: one entry for each cause, none while all is well.
 * Without the engine, what the rows tell is told, and that the rest is unknown.
 */
export async function whyWaiting(context: ApiContext, run: RunDetail): Promise<Waiting[]> {
  if (run.endedAt !== null) {
    const behind = await searchBehind(context.database, run.id);
    return behind === undefined ? [] : [behind];
  }
  const group = run.resourceGroupId;
  const noWorker = group !== null && (await liveWorkers(context.database, group)).length === 0;
  return [
    ...(run.pause === null ? [] : [paused(run.pause)]),
    ...(await quietHours(context, run)),
    ...(noWorker ? [{ ...withoutWorker(group), resourceGroup: group }] : []),
    ...(await stepsThatWait(context, run, noWorker)),
  ];
}

function paused({ since, by, note }: NonNullable<RunDetail['pause']>): Waiting {
  return {
    code: 'PAUSED',
    message: `${by ?? 'Somebody'} paused the run${note === null ? '' : `: ${note}`}`,
    remedy: 'It goes on with POST /api/v1/runs/{id}/resume.',
    since,
  };
}

async function quietHours({ database }: ApiContext, run: RunDetail): Promise<Waiting[]> {
  const limits = await limitsOfRun(database, run.id);
  const until = limits.despiteQuietHours ? undefined : quietUntil(limits.quietHours, new Date());
  if (until === undefined) return [];
  return [
    {
      code: 'QUIET_HOURS',
      message: `The data source is in its quiet hours until ${until.toISOString()}; what is read rests after the page in work`,
      remedy: 'It goes on by itself then. After a change of the quiet hours, POST /api/v1/runs/{id}/resume wakes it.',
      until,
    },
  ];
}

async function stepsThatWait(context: ApiContext, run: RunDetail, noWorker: boolean): Promise<Waiting[]> {
  let steps: WaitingStep[];
  try {
    steps = await context.orchestrator.waitingSteps(run.crawlerId);
  } catch (error) {
    if (!(error instanceof OrchestratorUnavailable)) throw error;
    return [{ code: error.code, message: error.message, remedy: error.remedy }];
  }
  const retried = steps.filter(({ failure, nextAttemptAt }) => failure !== null && nextAttemptAt !== null);
  const waiting = await Promise.all(retried.map((step) => retrying(context, run, step)));
  // One entry for all that wait for the same thing. Without a worker that is said already.
  const first = steps.find((step) => ON_THE_GROUP.has(step.step) && !retried.includes(step));
  if (first === undefined || noWorker || run.resourceGroupId === null) return waiting;
  return [...waiting, await capacity(context, run, run.resourceGroupId, first)];
}

async function retrying(
  { database }: ApiContext,
  run: RunDetail,
  { step, attempt, nextAttemptAt, failure }: WaitingStep,
): Promise<Waiting> {
  const { unit, ...cause } = failure ?? { code: 'INTERNAL', message: '' };
  const name = unit === undefined ? null : await databaseOfUnit(database, run.id, unit);
  const seconds = Math.max(0, Math.ceil(((nextAttemptAt?.getTime() ?? 0) - Date.now()) / 1_000));
  const inTurn = IN_TURN.has(cause.code);
  return {
    code: inTurn ? cause.code : 'RETRYING',
    message: inTurn
      ? cause.message
      : `${WHAT[step] ?? step}${name === null ? '' : ` ${name}`}: attempt ${attempt} in ${seconds} s, after: ${cause.message}`,
    ...(cause.remedy === undefined ? {} : { remedy: cause.remedy }),
    database: name,
    attempt,
    nextAttemptAt,
    cause,
  };
}

async function capacity(
  { database }: ApiContext,
  run: RunDetail,
  group: string,
  { since }: WaitingStep,
): Promise<Waiting> {
  const position = await placeInGroup(database, run);
  return {
    code: 'WAITING_FOR_CAPACITY',
    message: `Every slot of resource group ${group} is taken; this run is number ${position} of those that wait`,
    remedy: 'It goes on as soon as a slot is free. Give the group more capacity if this happens often.',
    resourceGroup: group,
    position,
    since,
  };
}

const WHAT: Record<string, string> = {
  openRun: 'Opening the run',
  discoverUnits: 'Listing the databases',
  collectUnit: 'Collecting',
  publishUnit: 'Publishing',
  drainOutbox: 'Bringing search up to date',
  finishRun: 'Closing the run',
};
