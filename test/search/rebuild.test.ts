import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Database } from '../../db/database.js';
import { drainOutbox } from '../../search/outbox.js';
import type { SearchIndex } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { RebuildRunning, rebuildIndex } from '../../search/rebuild.js';
import { testDatabase } from '../servers/test-database.js';
import { type SampleCatalog, sampleCatalog } from './sample-catalog.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let database: Database;
let index: SearchIndex;
let sample: SampleCatalog;

beforeAll(async () => {
  catalog = await testDatabase();
  database = catalog.database;
  index = createPostgresqlIndex(database);
});
afterAll(() => catalog.drop());
beforeEach(async () => {
  await database.raw('TRUNCATE search_outbox, search_document, search_group, search_term, entity CASCADE');
  sample = await sampleCatalog(database);
});

const names = async () => {
  const { hits } = await index.search({ text: '', filters: {}, visibleTo: 'everything', facets: [], limit: 100 });
  return hits.map(({ document }) => document.name).sort();
};

test('a rebuild brings a lost index back from the catalog', async () => {
  for (const name of ['a', 'b', 'c']) await sample.addTable(name);
  const progress = vi.fn();
  expect(await rebuildIndex(database, index, { onProgress: progress })).toBe(3);
  expect(await names()).toEqual(['a', 'b', 'c']);
  expect(progress).toHaveBeenLastCalledWith(3);
});

test('what is drained while a rebuild is at work is in the new index', async () => {
  const renamed = await sample.addTable('renamed_before');
  const removed = await sample.addTable('removed');
  await sample.addTable('untouched');
  let changed = false;
  const during: SearchIndex = {
    ...index,
    rebuild: (documents) =>
      index.rebuild(
        (async function* () {
          for await (const page of documents) {
            yield page;
            if (changed) continue;
            changed = true;
            // The page has been read: these changes are not in it.
            await database.raw(`UPDATE entity SET name = 'renamed_after' WHERE id = ?`, [renamed]);
            await database.raw('UPDATE entity SET removed_at = now() WHERE id = ?', [removed]);
            await sample.enqueue(renamed, removed, await sample.addTable('added'));
            expect((await drainOutbox(database, index)).drained).toBe(3);
          }
        })(),
      ),
  };
  await rebuildIndex(database, during);
  expect(await names()).toEqual(['added', 'renamed_after', 'untouched']);
});

test('a second rebuild at the same time is refused, and a drain is not', async () => {
  await sample.addTable('one');
  const entered = vi.fn();
  let finish: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const slow: SearchIndex = {
    ...index,
    rebuild: async (documents) => {
      entered();
      await held;
      return index.rebuild(documents);
    },
  };
  const first = rebuildIndex(database, slow);
  await vi.waitFor(() => expect(entered).toHaveBeenCalled(), { timeout: 20_000 });
  await expect(rebuildIndex(database, index)).rejects.toThrow(RebuildRunning);
  await sample.enqueue(await sample.addTable('two'));
  expect(await drainOutbox(database, index)).toEqual({ drained: 1, remaining: false });
  finish();
  expect(await first).toBeGreaterThanOrEqual(2);
  expect(await names()).toEqual(['one', 'two']);
});

test('an interrupted rebuild leaves the index as it was', async () => {
  await sample.enqueue(await sample.addTable('kept'));
  await drainOutbox(database, index);
  const interrupt = new AbortController();
  interrupt.abort();
  await expect(rebuildIndex(database, index, { signal: interrupt.signal })).rejects.toThrow();
  expect(await names()).toEqual(['kept']);
  expect(await rebuildIndex(database, index)).toBe(1);
});
