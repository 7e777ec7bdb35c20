/**
 * A worker in a process of its own, which tests end in every way there is. As worker/main.ts, but for the workflows,
 * which were bundled for all tests, a short grace time, and a source in memory where one is asked for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import type { Connector } from '../../connectors/contract.js';
import { loadConnector } from '../../connectors/registry.js';
import { openDatabase } from '../../db/database.js';
import { createSearchIndex } from '../../search/create-index.js';
import { connectToTemporal } from '../../worker/connect.js';
import { workerIdentity } from '../../worker/identity.js';
import { installRuntime } from '../../worker/runtime.js';
import { startWorker } from '../../worker/start-worker.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { shiftClock } from './shifted-clock.js';
import type { WorkerProgramSettings } from './worker-process.js';

const settings = JSON.parse(process.env['WORKER_PROGRAM'] ?? '{}') as WorkerProgramSettings;
shiftClock(settings.clockAhead ?? 0);
const log = pino({ level: 'info' });
installRuntime(log, undefined);
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
const database = openDatabase(settings.databaseUrl, { max: 24, name: 'datamap-worker' });
const { synthetic } = settings;
const connection = await connectToTemporal(
  { connection: { address: settings.temporal }, namespace: 'default' },
  log,
  stopping.signal,
);
const worker = await startWorker({
  connection,
  namespace: 'default',
  context: {
    database,
    loadConnector: synthetic === undefined ? loadConnector : async () => slowly(synthetic),
    secretKey: Buffer.from(settings.secretKey, 'base64'),
    searchIndex: createSearchIndex({ database }),
    log,
    worker: workerIdentity(),
  },
  roles: { control: true, groups: true },
  resourceGroups: undefined,
  log,
  workflows: { workflowBundle: { codePath: settings.workflowBundle } },
  intervals: { poll: 200, beat: 200 },
  graceTime: settings.graceTime,
});
log.info('Working');
await Promise.race([worker.failed, new Promise((resolve) => stopping.signal.addEventListener('abort', resolve))]);
await worker.stop();
process.exit(0);

/** A source of two databases in memory, each page of which takes a while. */
function slowly({ tables, pageMs }: NonNullable<WorkerProgramSettings['synthetic']>): Connector {
  const source = new SyntheticSource(tables);
  const connector = source.connector();
  return {
    ...connector,
    listDatabases: async () => [{ name: 'shop' }, { name: 'sales' }],
    openDatabase: async (to, name, options) => {
      const reader = await connector.openDatabase(to, name, options);
      return {
        ...reader,
        read: async (keys) => {
          await delay(pageMs, undefined, { signal: options.signal });
          return reader.read(keys);
        },
      };
    },
  };
}
