import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { SearchIndex } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { testDatabase } from '../servers/test-database.js';
import { tableDocument } from './sample-documents.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
/** Of which searches take none: they have their own. */
let searching: Database;
let index: SearchIndex;

beforeAll(async () => {
  catalog = await testDatabase();
  searching = openDatabase(catalog.url, { name: 'cancelled-searches', max: 2 });
  index = createPostgresqlIndex(searching);
  await index.write({ put: [tableDocument({ name: 'orders' })], remove: [] });
});
afterAll(async () => {
  await index.close();
  await searching.destroy();
  await catalog.drop();
});

const search = (signal?: AbortSignal) =>
  index.search({ text: 'ord', filters: {}, visibleTo: 'everything', facets: [], limit: 8, onlyBest: true }, signal);

/** How many searches stand before the table, which another transaction keeps. */
const standing = async () => {
  const [row] = await query<{ n: number }>(
    catalog.database,
    `SELECT count(*)::integer AS n FROM pg_stat_activity WHERE application_name = 'cancelled-searches' AND wait_event_type = 'Lock'`,
  );
  return row?.n;
};

/** While nobody can read the index. */
async function held(work: () => Promise<void>): Promise<void> {
  await catalog.database.transaction(async (transaction) => {
    await transaction.raw('LOCK TABLE search_document IN ACCESS EXCLUSIVE MODE');
    await work();
  });
}

test('a search that nobody waits for is broken off in PostgreSQL, and its connection answers the next one', async () => {
  await held(async () => {
    const typed = new AbortController();
    const first = search(typed.signal);
    const failed = expect(first).rejects.toThrow(/aborted/);
    await vi.waitFor(async () => expect(await standing()).toBe(1));
    typed.abort();
    await failed;
    expect(await standing()).toBe(0);
  });
  expect((await search()).hits).toHaveLength(1);
});

test('searches that take all connections and are given up end as soon as they can, and nothing waits for itself', async () => {
  const typed = new AbortController();
  let all: Promise<unknown> = Promise.resolve();
  await held(async () => {
    const both = [search(typed.signal), search(typed.signal)];
    all = Promise.allSettled(both);
    await vi.waitFor(async () => expect(await standing()).toBe(2));
    typed.abort();
  });
  await all;
  expect((await search()).hits).toHaveLength(1);
});

test('a search that was given up before it began asks nothing', async () => {
  await expect(search(AbortSignal.abort())).rejects.toThrow(/aborted/);
});

test('searches that stand keep no connection from anything else, and more of them than there are connections wait', async () => {
  let all: Promise<unknown> = Promise.resolve();
  await held(async () => {
    all = Promise.all(Array.from({ length: 12 }, () => search()));
    await vi.waitFor(async () => expect(await standing()).toBe(10));
    expect(await query(searching, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
  expect(await all).toHaveLength(12);
});
