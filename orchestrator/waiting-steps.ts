import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type { WaitingFailure, WaitingStep } from './port.js';

type Pending = temporal.api.workflow.v1.IPendingActivityInfo;
type Failure = temporal.api.failure.v1.IFailure;

/** PENDING_ACTIVITY_STATE_SCHEDULED of temporal/api/enums/v1/workflow.proto: a worker has yet to take it. */
const SCHEDULED = 1;
/** TIMEOUT_TYPE_HEARTBEAT of the same package. */
const HEARTBEAT = 4;

/** Of an execution's pending activities those that no worker is busy with. */
export function waitingSteps(pending: readonly Pending[]): WaitingStep[] {
  return pending.filter(({ state }) => state === SCHEDULED).map(waitingStep);
}

function waitingStep({
  activityType,
  attempt,
  scheduledTime,
  nextAttemptScheduleTime,
  lastFailure,
}: Pending): WaitingStep {
  const due = dateOf(nextAttemptScheduleTime);
  return {
    step: activityType?.name ?? '',
    attempt: attempt ?? 1,
    since: dateOf(scheduledTime),
    nextAttemptAt: due !== null && due.getTime() > Date.now() ? due : null,
    failure: lastFailure == null ? null : failureOf(lastFailure),
  };
}

function failureOf(failure: Failure): WaitingFailure {
  const { message, applicationFailureInfo: application, timeoutFailureInfo: timeout } = failure;
  if (timeout?.timeoutType === HEARTBEAT) {
    return {
      code: 'WORKER_LOST',
      message: 'The worker that ran it went silent',
      remedy: "Nothing needs to be done; if it happens again, look at that worker's log and memory.",
    };
  }
  return {
    code: application?.type ?? 'INTERNAL',
    message: message ?? '',
    ...detailsOf(application?.details?.payloads?.[0]),
  };
}

/** The details that activities/failures.ts gives a failure. */
function detailsOf(payload: Payload | undefined): Pick<WaitingFailure, 'remedy' | 'unit'> {
  if (payload === undefined) return {};
  const details = defaultPayloadConverter.fromPayload<unknown>(payload);
  if (typeof details !== 'object' || details === null) return {};
  const { remedy, unit } = details as Record<string, unknown>;
  return {
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(typeof unit === 'number' ? { unit } : {}),
  };
}

function dateOf(time: Pending['scheduledTime']): Date | null {
  return time?.seconds == null ? null : new Date(Number(time.seconds) * 1_000 + Math.floor((time.nanos ?? 0) / 1e6));
}
