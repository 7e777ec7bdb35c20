import { afterAll, beforeAll, expect, test } from 'vitest';
import { acquireLease, holdersInWords, releaseLease, renewLease } from '../../../catalog/governor/leases.js';
import { limitsOfServer } from '../../../catalog/governor/limits.js';
import { awaitTurn } from '../../../catalog/governor/pace.js';
import type { DataSource } from '../../../catalog/sources/data-source.js';
import { query } from '../../../db/query.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let house: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  house = await installation(catalog.database);
});
afterAll(() => catalog.drop());

const take = (source: DataSource, how: { most: number | null; runId?: string; lanes?: number; connections?: number }) =>
  acquireLease(catalog.database, {
    sourceType: source.type,
    instance: source.instance,
    dataSourceId: source.id,
    runId: how.runId,
    worker: 'w-1',
    connections: how.connections ?? 1,
    maxConnections: how.most,
    lanes: how.lanes ?? null,
  });

test('of many that ask at once, as many get a connection as the cap says', async () => {
  const source = await house.addSource();
  const taken = await Promise.all(Array.from({ length: 8 }, () => take(source, { most: 3 })));
  expect(taken.filter((lease) => lease !== undefined)).toHaveLength(3);
  const [first] = taken.filter((lease) => lease !== undefined);
  await releaseLease(catalog.database, first ?? '');
  expect(await take(source, { most: 3, connections: 2 })).toBeUndefined();
  expect(await take(source, { most: 3 })).toBeDefined();
});

test('data sources that name one server share the tightest of their limits', async () => {
  const instance = 'shared.example:9000';
  const quietHours = { from: '01:00', to: '02:00', timeZone: 'UTC' };
  const one = await house.addSource({ instance, limits: { maxConnections: 2, quietHours } });
  const two = await house.addSource({ instance, limits: { maxConnections: 5, queriesPerSecond: 7 } });
  const limits = { maxConnections: 2, queriesPerSecond: 7, quietHours: [quietHours] };
  expect(await limitsOfServer(catalog.database, one.id)).toMatchObject(limits);
  expect(await limitsOfServer(catalog.database, two.id)).toMatchObject(limits);
  await take(one, { most: 2 });
  await take(two, { most: 2 });
  expect(await take(one, { most: 2 })).toBeUndefined();
});

test('a connection that a killed worker held is free within 35 seconds, and cannot be renewed after', async () => {
  const source = await house.addSource();
  const lease = (await take(source, { most: 1 })) ?? '';
  const [row] = await query<{ seconds: number }>(
    catalog.database,
    'SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 AS seconds FROM source_lease WHERE id = ?',
    [lease],
  );
  expect(row?.seconds).toBeLessThanOrEqual(35);
  expect(await renewLease(catalog.database, lease)).toBe(true);
  // As after that time: nothing else tells that it has passed.
  await query(catalog.database, `UPDATE source_lease SET expires_at = expires_at - interval '35 s' WHERE id = ?`, [
    lease,
  ]);
  expect(await renewLease(catalog.database, lease)).toBe(false);
  expect(await take(source, { most: 1 })).toBeDefined();
});

test('a run that is held to one database at once gets no second, and others do', async () => {
  const crawler = await house.addCrawler();
  const source = { ...(await house.addSource()), id: crawler.dataSource.id };
  const { runId } = await house.open(crawler.id);
  expect(await take(source, { most: null, runId, lanes: 1 })).toBeDefined();
  expect(await take(source, { most: null, runId, lanes: 1 })).toBeUndefined();
  expect(await take(source, { most: null })).toBeDefined();
});

test('who holds the connections is told by name, and not across workspaces', async () => {
  const source = await house.addSource();
  const crawler = await house.addCrawler({ source, name: 'nightly' });
  const { runId } = await house.open(crawler.id);
  await take(source, { most: 2, runId });
  await take(source, { most: 2 });
  expect(await holdersInWords(catalog.database, source.id)).toBe('crawler nightly and connection tests or listings');
  const [elsewhere] = await query<{ id: string }>(
    catalog.database,
    `INSERT INTO workspace (name) VALUES ('elsewhere') RETURNING id`,
  );
  const other = await house.addSource({ workspaceId: elsewhere?.id ?? '', instance: source.instance });
  expect(await holdersInWords(catalog.database, other.id)).toBe('other workspaces');
});

test('statements of several processes take places on one time line, and none is asked for without a limit', async () => {
  const { signal } = new AbortController();
  const rate = { key: 'server of this test', perSecond: 100 };
  const clock = async () =>
    Number(
      (await query<{ now: string }>(catalog.database, 'SELECT extract(epoch FROM clock_timestamp()) AS now'))[0]?.now,
    );
  const began = await clock();
  await Promise.all(Array.from({ length: 20 }, () => awaitTurn(catalog.database, [rate], signal)));
  const [row] = await query<{ next: string }>(
    catalog.database,
    'SELECT extract(epoch FROM next_at) AS next FROM source_pace WHERE key = ?',
    [rate.key],
  );
  expect(Number(row?.next) - began).toBeGreaterThanOrEqual(0.2);
  // The last one waited for its place.
  expect((await clock()) - began).toBeGreaterThanOrEqual(0.18);
  await awaitTurn(undefined as never, [], signal);
});

test('waiting for a turn ends with the signal', async () => {
  const stop = new AbortController();
  const rate = { key: 'slow server', perSecond: 0.1 };
  await awaitTurn(catalog.database, [rate], stop.signal);
  const waiting = awaitTurn(catalog.database, [rate], stop.signal);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
});
