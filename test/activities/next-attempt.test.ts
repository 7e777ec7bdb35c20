import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { nextAttemptAt } from '../../activities/next-attempt.js';

const NOW = 1_000_000;
const retryPolicy = { initialInterval: 10_000, backoffCoefficient: 2, maximumInterval: 300_000 };
const failure = ApplicationFailure.create({ type: 'CONNECTION_LOST', message: 'it hung up' });

/** Milliseconds from now to the next attempt. */
function waits(info: Partial<Parameters<typeof nextAttemptAt>[0]>, how = failure): number | undefined {
  const whole = { attempt: 1, retryPolicy, scheduledTimestampMs: NOW, scheduleToCloseTimeoutMs: 0, ...info };
  const at = nextAttemptAt(whole, how, NOW);
  return at === undefined ? undefined : at.getTime() - NOW;
}

test('each wait is twice the one before, up to the longest', () => {
  expect([1, 2, 3, 5, 6, 900].map((attempt) => waits({ attempt }))).toEqual([
    10_000, 20_000, 40_000, 160_000, 300_000, 300_000,
  ]);
});

test('there is no next attempt when the failure is for good, or attempts or time are used up', () => {
  const permanent = ApplicationFailure.create({ type: 'BAD_CREDENTIALS', nonRetryable: true });
  expect(waits({}, permanent)).toBeUndefined();
  const three = { ...retryPolicy, maximumAttempts: 3 };
  expect(waits({ retryPolicy: three, attempt: 2 })).toBe(20_000);
  expect(waits({ retryPolicy: three, attempt: 3 })).toBeUndefined();
  expect(waits({ scheduleToCloseTimeoutMs: 10_000 })).toBe(10_000);
  expect(waits({ scheduleToCloseTimeoutMs: 9_999 })).toBeUndefined();
});

test('a failure that names its own wait is waited for so long', () => {
  expect(waits({}, ApplicationFailure.create({ nextRetryDelay: 42_000 }))).toBe(42_000);
});
