import { join } from 'node:path';
import { migrate, openDatabase } from '../../db/database.js';
import { DEFAULT_DATA_DIRECTORY, type Layout } from '../data-directory.js';
import { resolveTemporalBinary } from '../embedded/temporal-binary.js';
import { remark } from '../terminal/output.js';
import { stage } from '../terminal/stages.js';
import type { SearchChoice } from './options.js';
import type { Ports } from './ports.js';
import { catalogUrl, type EmbeddedPostgres, ensureCatalogDatabase, postgresPart } from './postgres-part.js';
import { placeForPostgres } from './postgres-place.js';
import type { ProcessBook } from './process-book.js';
import { apiPart, fillSearch, meilisearchPart, workerPart } from './program-parts.js';
import {
  chooseSearchEngine,
  hasToBeFilled,
  rememberFilled,
  type SearchEngine,
  searchEnvironment,
} from './search-engine.js';
import { passwordsOf, secretKeyOf } from './secrets.js';
import { type Part, type Supervised, supervise } from './supervisor.js';
import { temporalPart } from './temporal-part.js';

/** What runs, in the order in which it was started; it ends in the other one. */
export interface Stack {
  readonly running: readonly Supervised[];
  /** Ends everything in order; `say` is told what is being waited for. */
  stop(say: (what: string) => void): Promise<void>;
  /** From now on nothing is waited for. */
  hasten(): void;
}

export interface StartedStack extends Stack {
  apiUrl: string;
  /** Nothing where Temporal is not ours. */
  temporalUi: string | undefined;
  /** In words. */
  searchEngine: string;
  /** Nothing where PostgreSQL is not ours. */
  postgres: EmbeddedPostgres | undefined;
  databaseUrl: string;
}

export interface StackOptions {
  layout: Layout;
  ports: Ports;
  book: ProcessBook;
  watch: boolean;
  search: SearchChoice;
  /** Given what will be running, before anything is: a start that is interrupted must end what there is by then. */
  onStarted(stack: Stack): void;
  /** Called once the database is migrated and before API and worker start. */
  whenMigrated(databaseUrl: string): Promise<void>;
}

/** Brings up, in order: PostgreSQL, Temporal and Meilisearch, unless others are named, then the worker and the API. */
export async function startStack(options: StackOptions): Promise<StartedStack> {
  const { layout, ports, book } = options;
  const running: Supervised[] = [];
  const stack = stackOf(running);
  options.onStarted(stack);
  const start = async (...parts: Part[]) => {
    stack.refuseWhenEnding();
    const started = await Promise.allSettled(parts.map((part) => supervise(part, { say: remark })));
    for (const outcome of started) if (outcome.status === 'fulfilled') running.push(outcome.value);
    const failed = started.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };

  const postgres = await startOwnPostgres(options, start);
  const databaseUrl = postgres === undefined ? (nonEmpty('DATABASE_URL') ?? '') : catalogUrl(postgres);
  const temporal = await startOwnTemporal(options, start);
  const engine = chooseSearchEngine(options.search, layout, ports.meilisearch);
  const toFill = hasToBeFilled(engine, layout);
  await startOwnMeilisearch(options, engine, start);
  await stage('Migrating the catalog', async () => {
    const database = openDatabase(databaseUrl, { max: 2, name: 'datamap-up' });
    try {
      await migrate(database);
    } finally {
      await database.destroy();
    }
    await options.whenMigrated(databaseUrl);
  });
  const env = {
    ...environment(layout, ports, databaseUrl, temporal?.address),
    ...searchEnvironment(engine),
  };
  const program = { env, logs: layout.logs, watch: options.watch };
  if (toFill) {
    await stage('Filling the search index', () =>
      fillSearch({ env, logs: layout.logs, note: (pid) => book.note('search-rebuild', pid) }),
    );
    rememberFilled(engine, layout);
  }
  await stage('Starting the worker and the API', async () => {
    // The worker is named first, so that it ends after the API when everything ends.
    await start(
      workerPart({ ...program, databaseUrl, note: (pid) => book.note('worker', pid) }),
      apiPart({ ...program, port: ports.api, note: (pid) => book.note('api', pid) }),
    );
  });
  return {
    ...stack,
    apiUrl: `http://localhost:${ports.api}`,
    temporalUi: temporal?.ui,
    searchEngine: engine.kind === 'postgresql' ? 'PostgreSQL' : `Meilisearch at ${engine.url}`,
    postgres,
    databaseUrl,
  };
}

async function startOwnPostgres(
  { layout, ports, book }: StackOptions,
  start: (...parts: Part[]) => Promise<void>,
): Promise<EmbeddedPostgres | undefined> {
  if (nonEmpty('DATABASE_URL') !== undefined) return undefined;
  const { directory, elsewhere } = placeForPostgres(layout);
  if (elsewhere) remark(`PostgreSQL keeps its data in ${directory}: its account may not enter ${layout.root}.`);
  const postgres = { directory, port: ports.postgres, passwords: passwordsOf(layout, directory) };
  await stage('Starting PostgreSQL', async () => {
    await start(postgresPart(postgres, (pid) => book.note('postgres', pid)));
    await ensureCatalogDatabase(postgres);
  });
  return postgres;
}

async function startOwnTemporal(
  { layout, ports, book }: StackOptions,
  start: (...parts: Part[]) => Promise<void>,
): Promise<{ address: string; ui: string } | undefined> {
  if (nonEmpty('TEMPORAL_ADDRESS') !== undefined) return undefined;
  await stage('Starting Temporal', async (say) => {
    // Kept with the project and not with the data: every instance uses the same.
    const binary = await resolveTemporalBinary(DEFAULT_DATA_DIRECTORY, say);
    const temporal = {
      binary,
      port: ports.temporal,
      uiPort: ports.temporalUi,
      databaseFile: layout.temporal,
      logFile: join(layout.logs, 'temporal.log'),
    };
    await start(temporalPart(temporal, (pid) => book.note('temporal', pid)));
  });
  return { address: `127.0.0.1:${ports.temporal}`, ui: `http://localhost:${ports.temporalUi}` };
}

async function startOwnMeilisearch(
  { layout, book }: StackOptions,
  engine: SearchEngine,
  start: (...parts: Part[]) => Promise<void>,
): Promise<void> {
  if (engine.kind !== 'own meilisearch') return;
  const { binary, port, key } = engine;
  const meilisearch = { binary, port, key, directory: layout.meilisearch, logs: layout.logs };
  await stage('Starting Meilisearch', () =>
    start(meilisearchPart({ ...meilisearch, note: (pid) => book.note('meilisearch', pid) })),
  );
}

function environment(
  layout: Layout,
  ports: Ports,
  databaseUrl: string,
  temporalAddress: string | undefined,
): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DATABASE_URL: databaseUrl,
    DATAMAP_SECRET_KEY: secretKeyOf(layout),
    PORT: String(ports.api),
    DATAMAP_PUBLIC_URL: process.env['DATAMAP_PUBLIC_URL'] ?? `http://localhost:${ports.api}`,
    ...(temporalAddress === undefined ? {} : { TEMPORAL_ADDRESS: temporalAddress }),
  };
}

function stackOf(running: Supervised[]): Stack & { refuseWhenEnding(): void } {
  let ending = false;
  return {
    running,
    refuseWhenEnding: () => {
      if (ending) throw new Error('The stack is being ended');
    },
    stop: async (say) => {
      ending = true;
      for (const part of [...running].reverse()) {
        say(part.name);
        await part.stop();
      }
    },
    hasten: () => {
      for (const part of running) part.hasten();
    },
  };
}

function nonEmpty(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
