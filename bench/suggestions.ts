import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Meilisearch } from 'meilisearch';
import { freePort } from '../cli/embedded/free-port.js';
import { startPostgres } from '../cli/embedded/postgres.js';
import { migrate, openDatabase } from '../db/database.js';
import { createMeilisearchIndex } from '../search/meilisearch/adapter.js';
import type { SearchIndex } from '../search/port.js';
import { createPostgresqlIndex } from '../search/postgresql/adapter.js';
import { percentile, printMeasures } from './print-measures.js';
import { AUDIENCES, phrases, syntheticDocuments } from './synthetic-documents.js';

interface Options {
  documents: number;
  users: number;
  engine: 'postgresql' | 'meilisearch';
}

/** Each user types so many names, and each letter is asked about. */
const NAMES_EACH = 12;
/** Milliseconds between two letters: a fast typist. */
const PACE = 200;

/**
 * People who type at once, in an index of many documents, each seeing their workspaces only; and the same names searched
 * whole, misspelt and in Chinese by one after the other.
 */
export async function benchSuggestions({ documents, users, engine }: Options): Promise<void> {
  const { index, close } = engine === 'meilisearch' ? openMeilisearch() : await openPostgresql(users);
  try {
    await index.prepare();
    const began = performance.now();
    const held = await index.rebuild(syntheticDocuments(documents));
    const seconds = (performance.now() - began) / 1_000;
    console.log(`${held} documents in ${engine} after ${seconds.toFixed(0)} s`);
    await type(index, users, 1);
    const typing = await type(index, users, NAMES_EACH);
    const kinds: Record<string, number[]> = { [`typing, ${users} at once`]: typing };
    for (const [kind, texts] of Object.entries(phrases(200))) kinds[kind] = await ask(index, texts);
    printMeasures(
      `Suggestions among ${held} documents: ${engine}, milliseconds`,
      Object.fromEntries(
        Object.entries(kinds).map(([kind, times]) => [
          kind,
          Object.fromEntries([
            ['answers', String(times.length)],
            ...[50, 95, 99].map((percent) => [`p${percent}`, percentile(times, percent).toFixed(1)]),
          ]),
        ]),
      ),
    );
  } finally {
    await close();
  }
}

async function type(index: SearchIndex, users: number, names: number): Promise<number[]> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: users }, async (_, user) => {
      await delay((user / users) * PACE);
      for (const text of phrases(names, user + 1).words ?? [])
        for (let end = 2; end <= text.length; end += 1) {
          const took = await once(index, text.slice(0, end), user);
          times.push(took);
          await delay(Math.max(0, PACE - took));
        }
    }),
  );
  return times;
}

async function ask(index: SearchIndex, texts: readonly string[]): Promise<number[]> {
  const times: number[] = [];
  for (const [at, text] of texts.entries()) times.push(await once(index, text, at));
  return times;
}

async function once(index: SearchIndex, text: string, user: number): Promise<number> {
  const began = performance.now();
  const visibleTo = ['tenant', AUDIENCES[user % AUDIENCES.length] as string];
  await index.search({ text, filters: {}, visibleTo, facets: [], limit: 8, onlyBest: true });
  return performance.now() - began;
}

async function openPostgresql(users: number): Promise<{ index: SearchIndex; close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'datamap-suggestions-'));
  chmodSync(directory, 0o755);
  const server = await startPostgres({
    dataDirectory: join(directory, 'postgres'),
    port: await freePort(),
    settings: { shared_buffers: '2GB', max_wal_size: '8GB' },
  });
  const database = openDatabase(server.url, { name: 'datamap-bench', max: users });
  await migrate(database);
  return {
    index: createPostgresqlIndex(database),
    close: async () => {
      await database.destroy();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function openMeilisearch(): { index: SearchIndex; close(): Promise<void> } {
  const url = process.env.MEILI_URL ?? '';
  if (url === '') throw new Error('Set MEILI_URL to a running Meilisearch');
  const key = process.env.MEILI_MASTER_KEY ?? process.env.MEILI_KEY ?? '';
  const uid = `suggestions_${randomBytes(4).toString('hex')}`;
  const index = createMeilisearchIndex({ url, key, uid });
  return {
    index,
    close: async () => {
      await new Meilisearch({ host: url, apiKey: key }).deleteIndex(uid).waitTask({ timeout: 600_000 });
      await index.close();
    },
  };
}
