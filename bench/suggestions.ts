import { randomBytes } from 'node:crypto';
import { Meilisearch } from 'meilisearch';
import { createMeilisearchIndex } from '../search/meilisearch/adapter.js';
import type { SearchIndex } from '../search/port.js';
import { createPostgresqlIndex } from '../search/postgresql/adapter.js';
import { startIndexServer } from './index-server.js';
import { measureSearches } from './measure-searches.js';
import { percentile, printMeasures } from './print-measures.js';
import { syntheticDocuments } from './synthetic-documents.js';

interface Options {
  documents: number;
  users: number;
  engine: 'postgresql' | 'meilisearch';
}

/**
 * People who type at once, in an index of many documents of which each sees some; then suggestions and searches of several
 * kinds, one after the other; and both for somebody who may see ten thousand databases.
 */
export async function benchSuggestions({ documents, users, engine }: Options): Promise<void> {
  const { index, cpu, close } = engine === 'meilisearch' ? openMeilisearch() : await openPostgresql(users);
  try {
    await index.prepare();
    const began = performance.now();
    const held = await index.rebuild(syntheticDocuments(documents));
    const seconds = (performance.now() - began) / 1_000;
    console.log(`${held} documents in ${engine} after ${seconds.toFixed(0)} s`);
    const measured = await measureSearches(index, { users, cpu });
    printMeasures(
      `Among ${held} documents in ${engine}, milliseconds`,
      Object.fromEntries(
        ['answers', 'p50', 'p95', 'p99', "server's processor"].map((figure, at) => [
          figure,
          Object.fromEntries(
            measured.map(({ kind, times, server }) => [
              kind,
              [
                String(times.length),
                ...[50, 95, 99].map((percent) => percentile(times, percent).toFixed(1)),
                server.toFixed(1),
              ][at] as string,
            ]),
          ),
        ]),
      ),
    );
    console.log(
      JSON.stringify({
        bench: 'suggestions',
        engine,
        documents: held,
        users,
        seconds,
        kinds: measured.map(({ kind, times, server }) => ({
          kind,
          p50: percentile(times, 50),
          p95: percentile(times, 95),
          p99: percentile(times, 99),
          server,
        })),
      }),
    );
  } finally {
    await close();
  }
}

interface Opened {
  index: SearchIndex;
  /** Milliseconds of processor time that the server has taken so far; NaN where another machine may have it. */
  cpu(): number;
  close(): Promise<void>;
}

async function openPostgresql(users: number): Promise<Opened> {
  const { database, cpu, close } = await startIndexServer(users);
  return { index: createPostgresqlIndex(database), cpu, close };
}

function openMeilisearch(): Opened {
  const url = process.env.MEILI_URL ?? '';
  if (url === '') throw new Error('Set MEILI_URL to a running Meilisearch');
  const key = process.env.MEILI_MASTER_KEY ?? process.env.MEILI_KEY ?? '';
  const uid = `suggestions_${randomBytes(4).toString('hex')}`;
  const index = createMeilisearchIndex({ url, key, uid });
  return {
    index,
    cpu: () => Number.NaN,
    close: async () => {
      await new Meilisearch({ host: url, apiKey: key }).deleteIndex(uid).waitTask({ timeout: 600_000 });
      await index.close();
    },
  };
}
