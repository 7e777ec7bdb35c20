import { type ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { expect, it, vi } from 'vitest';
import { guarded } from '../../activities/guarded.js';
import { ConnectorError } from '../../connectors/contract.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** What an activity that throws this leaves with, and what was logged. */
async function leave(error: unknown, attempt = 1) {
  const log = pino({ level: 'silent' });
  const logged = vi.spyOn(log, 'error');
  const { step } = guarded<{ step: () => Promise<void> }>({ step: () => Promise.reject<void>(error) }, log);
  const failure = await new MockActivityEnvironment({ attempt }).run(step).catch((reason: unknown) => reason);
  return { failure: failure as ApplicationFailure, logged };
}

const ofPostgres = (code: string) => Object.assign(new Error('select secret from vault'), { code });

it('a defect is tried again, and given up at the fifth attempt', async () => {
  for (const defect of [new TypeError('x is undefined'), ofPostgres('42703'), ofPostgres('23505')]) {
    expect((await leave(defect, 4)).failure).toMatchObject({ type: 'INTERNAL', nonRetryable: false });
    expect((await leave(defect, 5)).failure).toMatchObject({ type: 'INTERNAL', nonRetryable: true });
  }
});

it('a database that is away is waited for, however often', async () => {
  for (const away of [ofPostgres('57P01'), ofPostgres('08006'), ofPostgres('ECONNREFUSED')]) {
    const { failure, logged } = await leave(away, 50);
    expect(failure).toMatchObject({ type: 'DATABASE_UNAVAILABLE', nonRetryable: false });
    expect(logged).not.toHaveBeenCalled();
  }
});

it('what was not foreseen is logged in full and told by name only', async () => {
  const { failure, logged } = await leave(ofPostgres('XX000'));
  expect(failure.type).toBe('INTERNAL');
  expect(failure.message).not.toContain('vault');
  expect(logged).toHaveBeenCalledOnce();
});

it('a source’s own error keeps its code, its remedy and whether it can be mended by waiting', async () => {
  const { failure } = await leave(new ConnectorError('BAD_CREDENTIALS', 'refused', 'Correct the password.'));
  expect(failure).toMatchObject({
    type: 'BAD_CREDENTIALS',
    message: 'refused',
    nonRetryable: true,
    details: [{ remedy: 'Correct the password.' }],
  });
});

it('a stopped step leaves as stopped, whatever its connections said while they were torn down', async () => {
  const environment = new MockActivityEnvironment();
  const { step } = guarded<{ step: () => Promise<void> }>(
    {
      step: async () => {
        environment.cancel();
        throw new Error('socket hang up');
      },
    },
    pino({ level: 'silent' }),
  );
  await expect(environment.run(step)).rejects.toBeInstanceOf(CancelledFailure);
});
