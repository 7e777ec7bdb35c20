import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, TimeoutFailure } from '@temporalio/workflow';
import type { FailureSummary } from './contract.js';

/**
 * What an operator must know of a failed step, dug out of the chain of causes that the engine wraps around it.
 * @param resourceGroup where the step was to run, when that was not the control queue
 */
export function summarise(error: unknown, resourceGroup?: string): FailureSummary {
  const chain = causes(error);
  const told = chain.findLast((cause) => cause instanceof ApplicationFailure);
  const timeout = chain.find((cause) => cause instanceof TimeoutFailure);
  if (told !== undefined) {
    const remedy = remedyOf(told);
    return {
      code: told.type ?? 'INTERNAL',
      message: timeout === undefined ? told.message : `It went on failing until its time was up: ${told.message}`,
      ...(remedy === undefined ? {} : { remedy }),
    };
  }
  if (timeout !== undefined) return summariseTimeout(timeout, resourceGroup);
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** The failure an execution ends with: its message alone tells what failed, why, and what to do. */
export function executionFailure(what: string, summary: FailureSummary): ApplicationFailure {
  const advice = summary.remedy === undefined ? '' : ` ${summary.remedy}`;
  return ApplicationFailure.create({
    type: summary.code,
    message: `${what}: ${sentence(summary.message)}${advice}`,
    nonRetryable: true,
    details: summary.remedy === undefined ? [] : [{ remedy: summary.remedy }],
  });
}

function summariseTimeout(timeout: TimeoutFailure, resourceGroup: string | undefined): FailureSummary {
  const place = resourceGroup === undefined ? 'the control queue' : `resource group ${resourceGroup}`;
  switch (timeout.timeoutType) {
    case 'HEARTBEAT':
      return {
        code: 'WORKER_LOST',
        message: `The worker of ${place} that ran this went silent`,
        remedy: "Look at that worker's log and memory, then run again.",
      };
    case 'START_TO_CLOSE':
      return { code: 'TOOK_TOO_LONG', message: 'It took longer than its limit', remedy: 'Run again.' };
    default:
      return {
        code: 'RESOURCE_GROUP_WITHOUT_WORKER',
        message: `No worker of ${place} took this up in time`,
        remedy: 'Start a worker that serves it, or give it more capacity, then run again.',
      };
  }
}

function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error; cause = cause.cause) chain.push(cause);
  return chain.filter((cause) => !(cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure));
}

function remedyOf(failure: ApplicationFailure): string | undefined {
  const [detail] = failure.details ?? [];
  if (typeof detail !== 'object' || detail === null || !('remedy' in detail)) return undefined;
  return typeof detail.remedy === 'string' ? detail.remedy : undefined;
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
