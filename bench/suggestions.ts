import { Agent, get } from 'node:http';
import { Meilisearch } from 'meilisearch';
import { query } from '../db/query.js';
import { INDEX_VERSION } from '../search/keep-current.js';
import { createMeilisearchIndex } from '../search/meilisearch/adapter.js';
import type { SearchIndex } from '../search/port.js';
import { createPostgresqlIndex } from '../search/postgresql/adapter.js';
import { startApi } from './api-process.js';
import { type IndexServer, startIndexServer } from './index-server.js';
import { measureSearches, measureTyping, type Searches } from './measure-searches.js';
import { percentile, printMeasures } from './print-measures.js';
import { syntheticDocuments } from './synthetic-documents.js';
import { addPeople } from './synthetic-people.js';

/** The name that an installation's index has. */
const UID = 'entities';

interface Options {
  documents: number;
  users: number;
  engine: 'postgresql' | 'meilisearch';
  /**
   * PostgreSQL's directory, whose index is used when it is filled already, and stays. Of Meilisearch anything: the index
   * stays in the engine, and the next run finds it there.
   */
  keep: string | undefined;
  /** Only people who type at once, without the searches of other kinds. */
  onlyTyping: boolean;
}

/**
 * People who type at once, in an index of many documents of which each sees some, over HTTP too; then suggestions and searches
 * of several kinds, one after the other; and both for somebody who may see ten thousand databases.
 */
export async function benchSuggestions({ documents, users, engine, keep, onlyTyping }: Options): Promise<void> {
  const { index, server, meili, cpu, kept, close } =
    engine === 'meilisearch' ? await openMeilisearch(users, keep) : await openPostgresql(users, keep);
  try {
    await index.prepare();
    const began = performance.now();
    const before = await kept();
    if (before > 0 && before !== documents)
      throw new Error(`The index holds ${before} documents, and not ${documents}`);
    const held = before > 0 ? before : await index.rebuild(syntheticDocuments(documents));
    await index.upkeep?.();
    await noteVersion(server, engine);
    const seconds = (performance.now() - began) / 1_000;
    console.log(before > 0 ? `${held} documents kept` : `${held} documents in ${engine} after ${seconds.toFixed(0)} s`);
    const measured = await measureHttp(server, meili, cpu, users);
    const own = () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    };
    measured.push(...(await measureSearches(index, { users, clocks: { server: cpu, own }, onlyTyping })));
    print(`Among ${held} documents in ${engine}, milliseconds`, measured);
    console.log(
      JSON.stringify({
        bench: 'suggestions',
        engine,
        documents: held,
        users,
        seconds,
        kinds: measured.map(({ kind, times, server, own }) => ({
          kind,
          p50: percentile(times, 50),
          p95: percentile(times, 95),
          p99: percentile(times, 99),
          server,
          own,
        })),
      }),
    );
  } finally {
    await close();
  }
}

function print(title: string, measured: readonly Searches[]): void {
  const figures: Record<string, (searches: Searches) => string> = {
    answers: ({ times }) => String(times.length),
    p50: ({ times }) => percentile(times, 50).toFixed(1),
    p95: ({ times }) => percentile(times, 95).toFixed(1),
    p99: ({ times }) => percentile(times, 99).toFixed(1),
    "server's processor": ({ server }) => server.toFixed(1),
    "the asking process's": ({ own }) => own.toFixed(1),
  };
  printMeasures(
    title,
    Object.fromEntries(
      Object.entries(figures).map(([figure, of]) => [
        figure,
        Object.fromEntries(measured.map((searches) => [searches.kind, of(searches)])),
      ]),
    ),
  );
}

/** The whole way: the API in a process of its own, asked over connections that are kept, by people who are signed in. */
async function measureHttp(
  server: IndexServer,
  meili: Engine | undefined,
  cpu: () => number,
  users: number,
): Promise<Searches[]> {
  const { members, wide } = await addPeople(server.database);
  const api = await startApi({ databaseUrl: server.url, ...(meili === undefined ? {} : { meili }) });
  const agent = new Agent({ keepAlive: true, maxSockets: users });
  const ask = (text: string, session: string): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      const path = `/api/v1/search/suggestions?q=${encodeURIComponent(text)}&limit=8`;
      const headers = { cookie: `datamap_session_${api.port}=${session}` };
      const request = get({ host: '127.0.0.1', port: api.port, path, headers, agent }, (response) => {
        response.resume();
        response.once('end', () =>
          response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode} for ${path}`)),
        );
        response.once('error', reject);
      });
      // A connection that was kept may be closed at the moment when it is used again.
      request.once('error', (error) => (request.reusedSocket ? resolve(ask(text, session)) : reject(error)));
    });
  try {
    const clocks = { server: cpu, own: api.cpu };
    return [
      await measureTyping((text, person) => ask(text, members[person % members.length] as string), {
        users,
        clocks,
        kind: `typing over HTTP, ${users} at once`,
      }),
      await measureTyping((text) => ask(text, wide), { users: 1, clocks, kind: 'the same, one with 10,000 databases' }),
    ];
  } finally {
    agent.destroy();
    await api.stop();
  }
}

/** How many documents an earlier run has left, with an index of this version. */
async function documentsKept({ database }: IndexServer): Promise<number> {
  const [row] = await query<{ n: number }>(
    database,
    `SELECT coalesce(sum(documents), 0)::integer AS n
     FROM search_group
     WHERE EXISTS (SELECT FROM search_index_state WHERE engine = 'postgresql' AND version = ?)`,
    [INDEX_VERSION],
  );
  return row?.n ?? 0;
}

/** Else the API would take the index for one of another version, and fill it anew from its catalog, which has nothing. */
async function noteVersion({ database }: IndexServer, engine: string): Promise<void> {
  await query(
    database,
    `INSERT INTO search_index_state (engine, version) VALUES (?, ?)
     ON CONFLICT (engine) DO UPDATE SET version = excluded.version`,
    [engine, INDEX_VERSION],
  );
}

interface Opened {
  index: SearchIndex;
  /** The catalog, which PostgreSQL's index is a part of. */
  server: IndexServer;
  meili?: Engine;
  /** Milliseconds of processor time that the engine has taken so far; NaN where another machine may have it. */
  cpu(): number;
  /** Documents that an earlier run has left. */
  kept(): Promise<number>;
  close(): Promise<void>;
}

interface Engine {
  url: string;
  key: string;
}

async function openPostgresql(users: number, keep: string | undefined): Promise<Opened> {
  const server = await startIndexServer(users, keep);
  const index = createPostgresqlIndex(server.database);
  return { index, server, cpu: server.cpu, kept: () => documentsKept(server), close: server.close };
}

/** The engine has to be the bench's alone: the index is the one that an installation would have there. */
async function openMeilisearch(users: number, keep: string | undefined): Promise<Opened> {
  const url = process.env.MEILI_URL ?? '';
  if (url === '') throw new Error('Set MEILI_URL to a running Meilisearch');
  const key = process.env.MEILI_MASTER_KEY ?? '';
  const client = new Meilisearch({ host: url, apiKey: key });
  const index = createMeilisearchIndex({ url, key });
  const server = await startIndexServer(users);
  const kept = async () => (await client.index(UID).getStats()).numberOfDocuments;
  return {
    index,
    server,
    meili: { url, key },
    cpu: () => Number.NaN,
    kept: async () => {
      const found = await kept();
      if (found > 0 && keep === undefined)
        throw new Error('That Meilisearch holds an index already: give the bench an engine of its own, or --keep it');
      return found;
    },
    close: async () => {
      if (keep === undefined) await client.deleteIndex(UID).waitTask({ timeout: 600_000 });
      await index.close();
      await server.close();
    },
  };
}
