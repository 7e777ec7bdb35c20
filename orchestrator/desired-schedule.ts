import { isDeepStrictEqual } from 'node:util';
import {
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleOptionsStartWorkflowAction,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { TypedSearchAttributes, type Workflow } from '@temporalio/common';
import {
  CONTROL_QUEUE,
  crawlSummary,
  type ScheduledCrawlInput,
  SEARCH_OUTBOX,
  scheduleId,
  searchAttributes,
  TICK_TIMEOUT,
  tickId,
} from '../workflows/contract.js';
import type { ScheduledCrawler } from './port.js';
import { catchupWindow, EVERY_MINUTE, toScheduleSpec } from './schedule-spec.js';

export type DesiredSchedule = ScheduleOptions<ScheduleOptionsStartWorkflowAction<Workflow>>;

const MANAGED = 'Managed by Datamap; edits made here are overwritten.';
const HOUR = 3_600_000;

/** The whole schedule of a crawler, or nothing for one that is run by hand. Always written whole, never merged. */
export function crawlerSchedule(crawler: ScheduledCrawler): DesiredSchedule | undefined {
  const { id: crawlerId, name: crawlerName, plan, resourceGroupId: resourceGroup } = crawler;
  if (plan.mode === 'manual') return undefined;
  return {
    scheduleId: scheduleId(crawlerId),
    spec: toScheduleSpec(plan),
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduledCrawl',
      workflowId: tickId(crawlerId),
      taskQueue: CONTROL_QUEUE,
      args: [{ crawlerId, crawlerName, resourceGroup } satisfies ScheduledCrawlInput],
      workflowExecutionTimeout: Number.parseInt(TICK_TIMEOUT, 10) * HOUR,
      typedSearchAttributes: searchAttributes({ crawlerId, resourceGroup, trigger: 'schedule' }),
      staticSummary: `${crawlSummary(crawlerName)} (scheduled)`,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: catchupWindow(plan), pauseOnFailure: false },
    state: { paused: crawler.paused, note: noteOf(crawler) },
    memo: { crawlerId },
    typedSearchAttributes: searchAttributes({ crawlerId, resourceGroup }),
  };
}

/** Drains the search outbox each minute: the guarantee behind the drain at the end of a run. */
export function outboxSchedule(): DesiredSchedule {
  return {
    scheduleId: SEARCH_OUTBOX,
    spec: EVERY_MINUTE,
    action: {
      type: 'startWorkflow',
      workflowType: 'drainSearchOutbox',
      workflowId: SEARCH_OUTBOX,
      taskQueue: CONTROL_QUEUE,
      args: [],
      workflowExecutionTimeout: 24 * HOUR,
      staticSummary: 'Bring search up to date',
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: 10_000, pauseOnFailure: false },
    state: { paused: false, note: MANAGED },
  };
}

/** Whether what the server holds is what we would write. Memo is left out: it cannot be changed once written. */
export function isAsDesired(found: ScheduleDescription, desired: DesiredSchedule): boolean {
  return isDeepStrictEqual(essence(found), essence(desired));
}

function essence({ spec, action, policies, state, typedSearchAttributes }: DesiredSchedule | ScheduleDescription) {
  return plain({
    calendars: spec.calendars ?? [],
    intervals: spec.intervals ?? [],
    skip: spec.skip ?? [],
    startAt: spec.startAt,
    endAt: spec.endAt,
    jitter: spec.jitter ?? 0,
    timezone: spec.timezone,
    workflowType: action.workflowType,
    workflowId: action.workflowId,
    taskQueue: action.taskQueue,
    args: action.args ?? [],
    workflowExecutionTimeout: action.workflowExecutionTimeout,
    staticSummary: action.staticSummary,
    actionAttributes: attributes(action.typedSearchAttributes),
    attributes: attributes(typedSearchAttributes),
    overlap: policies?.overlap,
    catchupWindow: policies?.catchupWindow,
    pauseOnFailure: policies?.pauseOnFailure,
    paused: state?.paused,
    note: state?.note,
    remainingActions: state?.remainingActions,
  });
}

/** The attributes as pairs, without those that the server adds by itself. */
function attributes(
  given: ScheduleDescription['typedSearchAttributes'] | ReturnType<typeof searchAttributes> | undefined,
) {
  const pairs = given instanceof TypedSearchAttributes ? given.getAll() : (given ?? []);
  return pairs
    .map(({ key, value }) => [key.name, value])
    .filter(([name]) => !String(name).startsWith('Temporal'))
    .sort();
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function noteOf(crawler: ScheduledCrawler): string {
  if (!crawler.paused) return MANAGED;
  const reason = crawler.pauseNote ? `: ${crawler.pauseNote}` : '';
  return `Paused in Datamap${reason}. ${MANAGED}`;
}
