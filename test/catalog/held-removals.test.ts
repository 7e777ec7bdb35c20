import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { retireCrawler } from '../../activities/retire-crawler.js';
import { changeScope } from '../../catalog/crawlers/scope.js';
import { decideHold } from '../../catalog/removals/decide-hold.js';
import { getHold, listHeldObjects, listHolds, unsettledHolds } from '../../catalog/removals/read-holds.js';
import { settleHold } from '../../catalog/removals/settle-hold.js';
import { type CrawledCatalog, crawledCatalog, tablesOf, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let personId: string;
beforeAll(async () => {
  catalog = await testDatabase();
  const { rows } = await catalog.database.raw<{ rows: { id: string }[] }>(
    `INSERT INTO person (email, name, tenant_role) VALUES ('person@example.org', 'Person', 'admin') RETURNING id`,
  );
  personId = rows[0]?.id ?? '';
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;
const crawled = async (size: number) => {
  const source = new SyntheticSource(size);
  source.database = '16384';
  source.privileges = 'all';
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  await takeOutbox(map);
  return { source, map };
};
const drop = (source: SyntheticSource, from: number, to: number) => {
  for (let index = from; index < to; index += 1) source.drop(key(index));
};
const livingCount = async (map: CrawledCatalog) =>
  [...(await tablesOf(map)).values()].filter(({ living }) => living).length;
const problemOf = async (map: CrawledCatalog, runId: string) =>
  (
    await map.rows<{ code: string; message: string; remedy: string }>(
      `SELECT code, message, remedy FROM crawl_problem WHERE run_id = ? ORDER BY id`,
      [runId],
    )
  )[0];
const holdsOf = async (map: CrawledCatalog) =>
  (await listHolds(map.database, { visible: 'everything', filters: { crawlerId: map.crawlerId }, limit: 10 })).items;
const openHold = async (map: CrawledCatalog) => {
  const open = (await holdsOf(map)).filter(({ status }) => status === 'held');
  expect(open).toHaveLength(1);
  return open[0]?.id ?? '';
};
const approve = (map: CrawledCatalog, id: string) => decideHold(map.database, id, { status: 'approved', personId });
const reject = (map: CrawledCatalog, id: string) => decideHold(map.database, id, { status: 'rejected', personId });
const settle = async (map: CrawledCatalog, id: string) => {
  for (;;) {
    const step = await settleHold(map.database, id, 4);
    if (step.next !== 'more') return step;
  }
};
const statesOf = async (map: CrawledCatalog, id: string) => {
  const { items } = await listHeldObjects(map.database, id, { limit: 500 });
  const counts: Record<string, number> = {};
  for (const { state } of items) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
};
const backdate = (map: CrawledCatalog, id: string) =>
  map.rows(`UPDATE held_removal SET expires_at = now() - interval '1 second' WHERE id = ?`, [id]);

test.each<[string, (source: SyntheticSource) => void, string]>([
  ['EMPTY_LISTING', (source) => drop(source, 0, 4), 'the listing was empty, where there had been 4 tables'],
  ['ACCOUNT_CHANGED', (source) => Object.assign(source, { user: 'other' }), 'it was read as other, and last time as'],
  ['PRIVILEGES_CHANGED', (source) => Object.assign(source, { privileges: 'some' }), 'the privileges of collector'],
  ['DATABASE_CHANGED', (source) => Object.assign(source, { database: '20001' }), 'is another one of the same name'],
])('%s holds even a single missing table, and says what was kept and why', async (code, change, reason) => {
  const { source, map } = await crawled(4);
  change(source);
  source.drop(key(2));
  const missing = code === 'EMPTY_LISTING' ? 4 : 1;
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ removed: 0, held: missing, problems: 1 });
  expect(await livingCount(map)).toBe(4);
  const problem = await problemOf(map, runId);
  expect(problem).toMatchObject({ code, message: expect.stringContaining(reason) });
  expect(problem?.message).toContain(missing === 1 ? 'kept 1 table as it was' : 'kept 4 tables as they were');
  expect(problem?.remedy).toMatch(/approve/);
  expect(await holdsOf(map)).toMatchObject([
    { status: 'held', cause: { code }, tables: missing, of: 4, run: { id: runId }, lastRun: { id: runId } },
  ]);
});

test('another account that sees everything removes nothing and holds nothing', async () => {
  const { source, map } = await crawled(4);
  source.user = 'other';
  expect(await map.crawl()).toMatchObject({ unchanged: 4, held: 0, problems: 0 });
  source.drop(key(2));
  expect(await map.crawl()).toMatchObject({ removed: 1, held: 0 });
});

test('a standby that is behind removes nothing and asks nobody; once it has caught up, what is gone goes', async () => {
  const { source, map } = await crawled(4);
  source.position = { at: '5000000000', follows: false };
  await map.crawl();
  source.drop(key(2));
  source.position = { at: '4999999000', follows: true };
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ removed: 0, held: 0, problems: 1 });
  expect(await problemOf(map, runId)).toMatchObject({
    code: 'REPLICA_BEHIND',
    message: expect.stringContaining(
      'kept 1 table as it was: the server is a standby that is 1000 bytes of log behind',
    ),
  });
  expect(await holdsOf(map)).toEqual([]);
  source.position = { at: '5000000000', follows: true };
  expect(await map.crawl()).toMatchObject({ removed: 1, problems: 0 });
});

test('another database of the name gives its keys to other tables: they are matched by name, the rest is held', async () => {
  const { source, map } = await crawled(30);
  const before = await tablesOf(map);
  source.database = '20001';
  const tables = Array.from({ length: 30 }, (_, index) => source.get(key(index)));
  for (const [index, table] of tables.entries()) source.put({ ...table, key: key((index + 1) % 30) });
  source.drop(key(1));
  expect(await map.crawl()).toMatchObject({ tables: 29, added: 0, changed: 0, removed: 0, held: 1 });
  const after = await tablesOf(map);
  for (const [guid, { id }] of before) expect(after.get(guid)).toMatchObject({ id, version: 1, living: true });
  const id = await openHold(map);
  await approve(map, id);
  expect(await settle(map, id)).toEqual({ next: 'done' });
  expect(await livingCount(map)).toBe(29);
  expect(await map.crawl()).toMatchObject({ unchanged: 29, removed: 0, held: 0, problems: 0 });
});

test('the crawler as a whole has bounds: databases that each stay within theirs do not add up to a mass', async () => {
  const { source, map } = await crawled(20);
  // Of three databases, two have lost ten of twenty each in this run.
  for (const other of ['other', 'third']) {
    await map.rows(
      `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name, table_count)
       SELECT crawler_id, data_source_id, workspace_id, source_type, instance, ?, 10 FROM collected_database WHERE id = ?`,
      [other, map.collectedDatabaseId],
    );
  }
  drop(source, 0, 8);
  const ref = await map.openRun();
  await map.rows(
    `INSERT INTO crawl_unit (run_id, unit, collected_database_id, database_name, status, receipt)
     SELECT ?, row_number() OVER (ORDER BY id) + 1, id, name, 'done', '{"removals": {"apply": true, "removing": 10}}'
     FROM collected_database WHERE crawler_id = ? AND id <> ?`,
    [ref.runId, map.crawlerId, map.collectedDatabaseId],
  );
  await map.collect(ref);
  expect(await map.publish(ref)).toMatchObject({ removed: 0, held: 8 });
  expect((await problemOf(map, ref.runId))?.message).toContain('28 of 60 tables of the crawler are missing');
});

test('a later run keeps one hold and its expiry, takes out what is shown again, and adds what is newly missing', async () => {
  const { source, map } = await crawled(40);
  drop(source, 0, 13);
  const first = await map.crawl();
  const id = await openHold(map);
  const { expiresAt } = await getHold(map.database, id);
  source.put({ ...source.get(key(20)), key: key(3), name: 'back', schema: 'area_3' });
  drop(source, 13, 15);
  const second = await map.crawl();
  expect(second).toMatchObject({ restored: 0, added: 0, removed: 0, held: 14 });
  expect(await openHold(map)).toBe(id);
  expect(await getHold(map.database, id)).toMatchObject({
    expiresAt,
    tables: 14,
    run: { id: first.runId },
    lastRun: { id: second.runId },
  });
  expect(await statesOf(map, id)).toEqual({ held: 14, shown: 1 });
});

test('when all is shown again the hold is superseded, and the next run succeeds', async () => {
  const { source, map } = await crawled(40);
  const tables = Array.from({ length: 13 }, (_, index) => source.get(key(index)));
  drop(source, 0, 13);
  await map.crawl();
  const id = await openHold(map);
  for (const table of tables) source.put(table);
  expect(await map.crawl()).toMatchObject({ removed: 0, held: 0, problems: 0 });
  expect(await getHold(map.database, id)).toMatchObject({ status: 'superseded', tables: 0 });
  await expect(approve(map, id)).rejects.toMatchObject({ code: 'HOLD_DECIDED' });
  expect(await settle(map, id)).toEqual({ next: 'done' });
});

test('a hold of a database that leaves the scope is closed at once with the reason, and anew where it comes back', async () => {
  const { source, map } = await crawled(40);
  drop(source, 0, 13);
  await map.crawl();
  const id = await openHold(map);
  const scopeIs = (databases: string[]) => changeScope(map.database, map.crawlerId, databases);
  await scopeIs(['other']);
  const note = 'The database left the scope of its crawler';
  expect(await getHold(map.database, id)).toMatchObject({ status: 'superseded', note, decidedBy: null, removed: 0 });
  await expect(approve(map, id)).rejects.toMatchObject({ code: 'HOLD_DECIDED' });
  expect(await unsettledHolds(map.database)).toContainEqual(expect.objectContaining({ id, decided: true }));
  expect(await settle(map, id)).toEqual({ next: 'done' });
  await scopeIs(['shop']);
  expect(await map.crawl()).toMatchObject({ removed: 0, held: 13 });
  expect(await openHold(map)).not.toBe(id);
});

test('what is held while its database is leaving is closed by who takes it off the map', async () => {
  const { source, map } = await crawled(40);
  drop(source, 0, 13);
  await map.crawl();
  const id = await openHold(map);
  await map.rows('UPDATE collected_database SET retiring_at = now() WHERE id = ?', [map.collectedDatabaseId]);
  await retireCrawler(map.database, map.crawlerId, new AbortController().signal, () => undefined);
  expect(await getHold(map.database, id)).toMatchObject({ status: 'superseded' });
});

test('what waits for a person is not taken along by a later, smaller removal', async () => {
  const { source, map } = await crawled(400);
  source.user = 'other';
  drop(source, 0, 5);
  expect(await map.crawl()).toMatchObject({ held: 5, removed: 0 });
  source.drop(key(7));
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ removed: 1, held: 5, problems: 1 });
  expect(await problemOf(map, runId)).toMatchObject({
    code: 'REMOVALS_HELD',
    message: expect.stringContaining('kept 5 tables as they were'),
  });
  expect(await livingCount(map)).toBe(399);
});

test('approving removes exactly what is held still, in batches, and tells search', async () => {
  const { source, map } = await crawled(40);
  const shown = source.get(key(2));
  drop(source, 0, 13);
  await map.crawl();
  const id = await openHold(map);
  source.put(shown);
  await map.crawl();
  await takeOutbox(map);
  expect(await settle(map, id)).toMatchObject({ next: 'wait' });
  await approve(map, id);
  await approve(map, id);
  await expect(reject(map, id)).rejects.toMatchObject({ code: 'HOLD_DECIDED' });
  expect(await settle(map, id)).toEqual({ next: 'done' });
  expect(await takeOutbox(map)).toHaveLength(12);
  expect(await livingCount(map)).toBe(28);
  expect(await getHold(map.database, id)).toMatchObject({ status: 'approved', tables: 0, removed: 12 });
  expect((await getHold(map.database, id)).settledAt).not.toBeNull();
  expect(await map.rows(`SELECT table_count FROM collected_database WHERE id = ?`, [map.collectedDatabaseId])).toEqual([
    { table_count: 28 },
  ]);
  expect(await map.crawl()).toMatchObject({ unchanged: 28, removed: 0, held: 0, problems: 0 });
});

test('approved removals wait for a run that is on the database, and spare what it shows', async () => {
  const { source, map } = await crawled(40);
  const shown = source.get(key(2));
  drop(source, 0, 13);
  await map.crawl();
  const id = await openHold(map);
  const ref = await map.openRun();
  source.put(shown);
  await map.collect(ref);
  await approve(map, id);
  expect(await settle(map, id)).toEqual({ next: 'busy' });
  expect(await livingCount(map)).toBe(40);
  expect(await map.publish(ref)).toMatchObject({ held: 12, removed: 0 });
  expect(await settle(map, id)).toEqual({ next: 'done' });
  expect(await livingCount(map)).toBe(28);
  const states = await statesOf(map, id);
  expect(states).toEqual({ shown: 1, removed: 12 });
});

test('rejected removals stay, are not held again, and can be approved after all', async () => {
  const { source, map } = await crawled(40);
  drop(source, 0, 13);
  await map.crawl();
  const id = await openHold(map);
  await reject(map, id);
  expect(await settle(map, id)).toEqual({ next: 'done' });
  const { runId, ...counts } = await map.crawl();
  expect(counts).toMatchObject({ removed: 0, held: 0, problems: 1 });
  expect(await problemOf(map, runId)).toMatchObject({ code: 'REMOVALS_REJECTED' });
  expect(await map.rows(`SELECT status FROM crawl_unit WHERE run_id = ?`, [runId])).toEqual([{ status: 'done' }]);
  expect(await holdsOf(map)).toHaveLength(1);
  await approve(map, id);
  expect(await unsettledHolds(map.database)).toContainEqual(expect.objectContaining({ id, decided: true }));
  await settle(map, id);
  expect(await livingCount(map)).toBe(27);
});

test('a hold that nobody decides on expires: nothing goes, and the next run holds the tables anew', async () => {
  const { source, map } = await crawled(400);
  source.user = 'other';
  drop(source, 0, 3);
  await map.crawl();
  const id = await openHold(map);
  await backdate(map, id);
  expect(await settle(map, id)).toEqual({ next: 'done' });
  expect(await getHold(map.database, id)).toMatchObject({ status: 'expired', decidedBy: null });
  expect(await livingCount(map)).toBe(400);
  await expect(approve(map, id)).rejects.toMatchObject({ code: 'HOLD_DECIDED' });
  expect(await map.crawl()).toMatchObject({ removed: 0, held: 3 });
  const next = await openHold(map);
  expect(next).not.toBe(id);
  expect(await statesOf(map, id)).toEqual({ moved: 3 });
  await approve(map, next);
  await settle(map, next);
  expect(await livingCount(map)).toBe(397);
});

test('a run that ends in the middle of publishing leaves the hold to the next one', async () => {
  const { source, map } = await crawled(40);
  drop(source, 0, 13);
  const ref = await map.openRun();
  await map.collect(ref);
  await map.publish(ref);
  await map.publish(ref);
  expect(await holdsOf(map)).toHaveLength(1);
  expect(await statesOf(map, await openHold(map))).toEqual({ held: 13 });
});

test('there is no hold of an id that nobody gave', async () => {
  await expect(getHold(catalog.database, randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await settleHold(catalog.database, randomUUID(), 1)).toEqual({ next: 'done' });
});

test('approvals and runs at the same time neither wait for each other for ever nor lose a table', async () => {
  const { source, map } = await crawled(60);
  const tables = new Map(Array.from({ length: 60 }, (_, index) => [index, source.get(key(index))]));
  for (let round = 0; round < 8; round += 1) {
    drop(source, 0, 25);
    await map.crawl();
    const id = await openHold(map);
    const back = Array.from({ length: 25 }, (_, index) => index).filter((index) => (index + round) % 3 === 0);
    for (const index of back) source.put(tables.get(index) as NonNullable<ReturnType<typeof source.get>>);
    await approve(map, id);
    const settling = (async () => {
      for (;;) if ((await settleHold(map.database, id, 2)).next === 'done') return;
    })();
    await map.crawl();
    await settling;
    // Whoever came first: nothing that the source shows is off the map, at the latest after the next run.
    await map.crawl();
    const open = (await holdsOf(map)).find(({ status }) => status === 'held');
    if (open !== undefined) {
      await approve(map, open.id);
      await settle(map, open.id);
    }
    const living = [...(await tablesOf(map)).values()].filter((table) => table.living).map(({ name }) => name);
    const shown = [...source.keys()].map((shownKey) => source.get(shownKey).name);
    expect(living.sort()).toEqual(shown.sort());
    for (const [index, table] of tables) if (index < 25) source.put(table);
    await map.crawl();
  }
});
