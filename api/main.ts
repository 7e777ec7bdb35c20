import { createServer } from 'node:http';
import { type Logger, pino } from 'pino';
import { listPeople } from '../access/people.js';
import { crawlersToSchedule } from '../catalog/crawlers/read-crawlers.js';
import { type Database, migrate, openDatabase } from '../db/database.js';
import { keepSchedules } from '../orchestrator/keep-schedules.js';
import { temporalAddress } from '../orchestrator/temporal-address.js';
import { createOrchestrator } from '../orchestrator/temporal-orchestrator.js';
import { createSearchIndex } from '../search/create-index.js';
import { keepCurrent } from '../search/keep-current.js';
import { createApi } from './app.js';
import { InvalidConfig, readConfig } from './config.js';
import { createEventFeed } from './events/feed.js';
import { forgetOldReplies } from './idempotency.js';
import { repeatedly, untilDone } from './in-background.js';
import { listen } from './listen.js';
import { resumeOperations } from './resume-operations.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Long enough for a listing of databases to end. */
const LAST_REQUESTS_MS = 35_000;

/**
 * The API process. PostgreSQL it waits for, since there is nothing to serve without it; Temporal and search may come
 * up later or go away at any time.
 */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const address = temporalAddress(process.env);
  const log = pino({ name: 'api', level: config.logLevel });
  const database = openDatabase(config.databaseUrl, { name: 'datamap-api', max: 20 });
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());

  await untilDone(
    async () => {
      const applied = await migrate(database);
      if (applied.length > 0) log.info({ applied }, 'The database was brought up to date');
      await tellOfFirstAdmin(database, log);
    },
    { what: 'The catalog database cannot be prepared', every: 2_000, log, signal: stopping.signal },
  );

  const searchIndex = createSearchIndex({ database, meiliUrl: config.meili?.url, meiliKey: config.meili?.key });
  const orchestrator = createOrchestrator(address);
  const { secretKey, api } = config;
  const events = createEventFeed({ database, secretKey, log });
  const app = createApi({ database, orchestrator, searchIndex, secretKey, log, events, config: api });
  const server = createServer(app);
  if (!stopping.signal.aborted) await listen(server, config.port, config.host);
  log.info({ address: server.address(), publicUrl: config.api.publicUrl.origin }, 'The API answers');

  const background = [
    repeatedly(
      () =>
        keepCurrent(database, searchIndex, {
          signal: stopping.signal,
          onBegin: (why) => log.info({ why }, 'The search index is rebuilt; the one there is answers until then'),
        }),
      {
        what: 'The search index cannot be brought up to date',
        every: MINUTE_MS,
        log,
        signal: stopping.signal,
      },
    ),
    repeatedly(() => forgetOldReplies(database), {
      what: 'Old replies could not be forgotten',
      every: HOUR_MS,
      log,
      signal: stopping.signal,
    }),
    repeatedly(() => resumeOperations(database, orchestrator), {
      what: 'Narrowed scopes and deletions of crawlers could not be resumed',
      every: MINUTE_MS,
      log,
      signal: stopping.signal,
    }),
  ];
  const schedules = keepSchedules({ orchestrator, load: () => crawlersToSchedule(database), log });

  await new Promise<void>((resolve) => {
    if (stopping.signal.aborted) resolve();
    stopping.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  log.info('The API stops');
  // Requests under way are answered; connections that are kept open, and streams of one thing, are closed after a while.
  events.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), LAST_REQUESTS_MS);
  await Promise.allSettled([closed, schedules.stop(), ...background]);
  clearTimeout(late);
  await Promise.allSettled([orchestrator.close(), searchIndex.close()]);
  await database.destroy();
}

/** Without an account nobody can make one: says how the first comes to be. */
async function tellOfFirstAdmin(database: Database, log: Logger): Promise<void> {
  const [anybody] = await listPeople(database, { limit: 1 });
  if (anybody === undefined) log.warn('Nobody has an account yet. Make the first one with: datamap login-link');
}

main().catch((error: unknown) => {
  const known = error instanceof InvalidConfig || (error instanceof Error && 'code' in error);
  process.stderr.write(`${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`);
  // What was opened by then, a pool or a connection to Temporal, would keep the process alive.
  process.exit(1);
});
