import { DefaultLogger, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { inject } from 'vitest';
import { loadConnector } from '../../connectors/registry.js';
import { createSearchIndex } from '../../search/create-index.js';
import { type RunningWorker, startWorker } from '../../worker/start-worker.js';

type Options = Parameters<typeof startWorker>[0];

Runtime.install({ logger: new DefaultLogger('ERROR') });
const log = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' });

/**
 * Starts a worker in the test's own process: the product's, but for the workflows, which were bundled for all tests, and
 * for how often it looks around. What the context leaves out is as in the product; secrets are sealed with zeros.
 */
export function startWorkerUnderTest({
  context,
  ...options
}: Pick<Options, 'connection' | 'namespace'> &
  Partial<Omit<Options, 'context'>> & {
    context: Pick<Options['context'], 'database'> & Partial<Options['context']>;
  }): Promise<RunningWorker> {
  return startWorker({
    roles: { control: true, groups: true },
    resourceGroups: undefined,
    log,
    workflows: { workflowBundle: { codePath: inject('workflowBundle') } },
    intervals: { poll: 200, beat: 200 },
    ...options,
    context: {
      loadConnector,
      secretKey: Buffer.alloc(32),
      searchIndex: createSearchIndex({ database: context.database }),
      log,
      worker: { id: 'w-1', host: 'here', addresses: [] },
      ...context,
    },
  });
}
