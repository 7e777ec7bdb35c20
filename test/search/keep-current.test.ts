import { afterAll, beforeAll, expect, test } from 'vitest';
import { INDEX_VERSION, keepCurrent } from '../../search/keep-current.js';
import { drainOutbox } from '../../search/outbox.js';
import type { SearchIndex } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { testDatabase } from '../servers/test-database.js';
import { sampleCatalog } from './sample-catalog.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let index: SearchIndex;
beforeAll(async () => {
  catalog = await testDatabase();
  index = createPostgresqlIndex(catalog.database);
});
afterAll(() => catalog.drop());

const total = async () =>
  (await index.search({ text: 'orders', filters: {}, visibleTo: 'everything', facets: [], limit: 1 })).total;
const keep = () => keepCurrent(catalog.database, index);

test('an index is rebuilt when its version is another or its documents are lost, and answers meanwhile', async () => {
  expect(await keep()).toBe('current');
  const { addTable, enqueue } = await sampleCatalog(catalog.database);
  const ids = [await addTable('orders'), await addTable('old_orders')];
  await enqueue(...ids);
  expect(await keep()).toBe('current');
  await drainOutbox(catalog.database, index);
  expect(await keep()).toBe('current');

  await catalog.database.raw('UPDATE search_index_state SET version = ?', [INDEX_VERSION - 1]);
  let rebuilding = true;
  const rebuilt = keep().finally(() => {
    rebuilding = false;
  });
  while (rebuilding) expect(await total()).toBe(2);
  expect(await rebuilt).toBe('rebuilt');
  expect(await keep()).toBe('current');

  await index.rebuild((async function* () {})());
  expect(await total()).toBe(0);
  expect(await keep()).toBe('rebuilt');
  expect(await total()).toBe(2);
});

test('an index that cannot be looked after is not filled anew for that each time', async () => {
  await catalog.database.raw('UPDATE search_index_state SET version = ?', [INDEX_VERSION - 1]);
  const begun: string[] = [];
  const failing: SearchIndex = { ...index, upkeep: () => Promise.reject(new Error('no room for another index')) };
  for (let round = 0; round < 2; round += 1)
    await expect(keepCurrent(catalog.database, failing, { onBegin: (why) => begun.push(why) })).rejects.toThrow(
      'no room',
    );
  expect(begun).toEqual(['version']);
});
