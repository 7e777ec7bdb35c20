import pino from 'pino';
import type { ActivityContext } from '../activities/context.js';
import { setReceiver } from '../catalog/webhooks/openlineage-receiver.js';
import { loadConnector } from '../connectors/registry.js';
import { openDatabase } from '../db/database.js';
import { createSearchIndex } from '../search/create-index.js';
import { BadWorkerConfig, type WorkerConfig, workerConfig } from './config.js';
import { connectToTemporal } from './connect.js';
import { serveHealth, type WorkerHealth } from './health.js';
import { workerIdentity } from './identity.js';
import { installRuntime } from './runtime.js';
import { startWorker } from './start-worker.js';

/** Connections of this process to the catalog: each step in work holds one, or two for a moment. */
const POOL = 24;
/** What the shell expects of a process with unusable settings (sysexits.h, EX_CONFIG). */
const EXIT_BAD_CONFIG = 78;

const config = readConfig();
const log = pino({
  name: 'datamap-worker',
  level: config.logLevel,
  redact: { paths: ['*.password', '*.secret', '*.token', '*.apiKey', '*.connectionString'], censor: '[hidden]' },
});
installRuntime(log, config.metricsAddress);
// Workers of other queues may still poll after one has failed; the exit is what ends them.
process.exit(await run(config));

/** Works until a signal, or until a worker ends by itself. Returns the exit code. */
async function run({ temporal, healthPort, ...settings }: WorkerConfig): Promise<number> {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort(signal));
  let health: () => WorkerHealth = () => ({ ok: false, workers: [] });
  const endpoint = healthPort === undefined ? undefined : await serveHealth(healthPort, () => health());
  if (endpoint !== undefined) log.info({ port: endpoint.port }, 'Health is served at /healthz');
  const database = openDatabase(settings.databaseUrl, { max: POOL, name: 'datamap-worker' });
  const searchIndex = createSearchIndex({ database, meiliUrl: settings.meiliUrl, meiliKey: settings.meiliKey });
  const context: ActivityContext = {
    database,
    loadConnector,
    secretKey: settings.secretKey,
    searchIndex,
    tombstoneDays: settings.tombstoneDays,
    historyDays: settings.historyDays,
    openLineage: settings.openLineage,
    planDays: settings.planDays,
    log,
    worker: workerIdentity(),
  };
  let exitCode = 0;
  try {
    const connection = await connectToTemporal(temporal, log, stopping.signal);
    if (settings.roles.control) await tellReceiver(context);
    const worker = await startWorker({ connection, namespace: temporal.namespace, context, log, ...settings });
    ({ health } = worker);
    log.info({ worker: context.worker, roles: settings.roles }, 'Working');
    await Promise.race([worker.failed, aborted(stopping.signal)]);
    log.info({ signal: String(stopping.signal.reason) }, 'Ending: no new work, running steps get 20 s');
    await worker.stop();
    await connection.close();
  } catch (err) {
    if (!stopping.signal.aborted) {
      log.fatal({ err }, 'The worker ends because it cannot go on; start it again');
      exitCode = 1;
    }
  } finally {
    await Promise.allSettled([searchIndex.close(), database.destroy(), endpoint?.close()]);
  }
  return exitCode;
}

/** The upkeep of each minute does it again: a catalog that is not ready yet keeps no worker from starting. */
async function tellReceiver({ database, secretKey, openLineage }: ActivityContext): Promise<void> {
  try {
    await setReceiver(database, secretKey, openLineage);
    if (openLineage !== undefined)
      log.info(
        { host: new URL(openLineage.url).host, namespace: openLineage.namespace },
        'Runs are told as OpenLineage',
      );
  } catch (err) {
    log.warn({ err }, 'Who is told of runs as OpenLineage is settled with the next upkeep');
  }
}

function readConfig(): WorkerConfig {
  try {
    return workerConfig(process.env);
  } catch (error) {
    if (!(error instanceof BadWorkerConfig)) throw error;
    console.error(error.message);
    process.exit(EXIT_BAD_CONFIG);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
