import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createWorkspace } from '../../../access/workspaces.js';
import { DatabaseTaken } from '../../../catalog/crawlers/errors.js';
import { getCrawler, listCrawlers } from '../../../catalog/crawlers/read-crawlers.js';
import { takeDatabases } from '../../../catalog/crawlers/scope.js';
import { markDeleting, updateCrawler } from '../../../catalog/crawlers/write-crawlers.js';
import { planUnits } from '../../../catalog/runs/units.js';
import { query } from '../../../db/query.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation, putTables, waitingForLocks } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

test('a database belongs to one crawler, and the refusal names the owner of each one taken', async () => {
  const source = await place.addSource();
  const owner = await place.addCrawler({ source, databases: ['a', 'b'] });
  const refused = place.addCrawler({ source, databases: ['b', 'c', 'a'], name: 'second' });
  await expect(refused).rejects.toThrow(DatabaseTaken);
  await expect(refused).rejects.toMatchObject({
    code: 'DATABASE_TAKEN',
    databases: ['a', 'b'].map((name) => ({
      name,
      crawlerId: owner.id,
      crawlerName: owner.name,
      workspaceId: place.workspaceId,
      leaving: false,
    })),
  });
  const { items } = await listCrawlers(catalog.database, { visible: 'everything', limit: 200 });
  expect(items.map((crawler) => crawler.name)).not.toContain('second');
});

test('it belongs to one crawler however many data sources name its instance', async () => {
  const { id: workspaceId } = await createWorkspace(catalog.database, { name: 'elsewhere' }, place.personId);
  const config = { host: 'same.example.org' };
  await place.addCrawler({ source: await place.addSource({ config }), databases: ['shop'] });
  const other = await place.addSource({ config, workspaceId });
  await expect(place.addCrawler({ source: other, databases: ['shop'] })).rejects.toThrow(DatabaseTaken);
  await place.addCrawler({ source: other, databases: ['another'] });
});

test('of crawlers that ask for a database at once exactly one gets it, and the others are told who', async () => {
  const source = await place.addSource();
  const asked = await Promise.allSettled(
    Array.from({ length: 8 }, (_, place_) =>
      place.addCrawler({ source, name: `${source.name} at once ${place_}`, databases: ['shop', `own ${place_}`] }),
    ),
  );
  const won = asked.filter((result) => result.status === 'fulfilled');
  expect(won).toHaveLength(1);
  for (const result of asked) {
    if (result.status === 'fulfilled') continue;
    expect(result.reason).toMatchObject({
      code: 'DATABASE_TAKEN',
      databases: [{ name: 'shop', crawlerName: won[0]?.value.name }],
    });
  }
});

test('crawlers that ask for the same databases in other orders do not lock each other out', async () => {
  const source = await place.addSource();
  const holder = await place.addCrawler({ source, databases: ['elsewhere'] });
  // Held open, it stops both of the others half way through: the worst moment for them to have begun at other ends.
  const held = await catalog.database.transaction();
  await takeDatabases(held, holder.id, ['m']);
  const asked = [
    place.addCrawler({ source, name: `${source.name} up`, databases: ['a', 'm', 'z'] }),
    place.addCrawler({ source, name: `${source.name} down`, databases: ['z', 'm', 'a'] }),
  ];
  const settled = Promise.allSettled(asked);
  await vi.waitFor(async () => expect(await waitingForLocks(catalog.database)).toBe(2), { timeout: 20_000 });
  await held.rollback();
  const results = await settled;
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(DatabaseTaken);
});

test('a database of a crawler that is being deleted is taken for a while yet', async () => {
  const source = await place.addSource();
  const owner = await place.addCrawler({ source });
  await markDeleting(catalog.database, owner.id);
  await expect(place.addCrawler({ source, name: `${source.name} next` })).rejects.toMatchObject({
    databases: [{ name: 'shop', leaving: true }],
    remedy: expect.stringContaining('try again'),
  });
});

test('a scope grows at an edit, and not into what another crawler has', async () => {
  const source = await place.addSource();
  await place.addCrawler({ source, databases: ['taken'] });
  const crawler = await place.addCrawler({ source, databases: ['a'] });
  const { crawler: grown } = await updateCrawler(catalog.database, crawler.id, { version: 1, databases: ['b', 'a'] });
  expect(grown.scope.map((database) => database.name)).toEqual(['a', 'b']);
  expect(grown.scope[0]?.id).toBe(crawler.scope[0]?.id);
  await expect(
    updateCrawler(catalog.database, crawler.id, { version: 2, databases: ['a', 'c', 'taken'] }),
  ).rejects.toMatchObject({ databases: [{ name: 'taken' }] });
  expect((await getCrawler(catalog.database, crawler.id)).version).toBe(2);
});

test('a database that never was collected leaves the scope at once', async () => {
  const source = await place.addSource();
  const crawler = await place.addCrawler({ source, databases: ['typo', 'shop'] });
  const { crawler: edited, operation } = await updateCrawler(catalog.database, crawler.id, {
    version: 1,
    databases: ['shop'],
  });
  expect(operation?.removes.databases).toMatchObject([{ id: expect.any(String), name: 'typo', tables: 0 }]);
  expect(edited.scope.map((database) => database.name)).toEqual(['shop']);
  await place.addCrawler({ source, databases: ['typo'] });
});

test('one that is on the map is retired: counted, no longer collected, and kept until the map is empty of it', async () => {
  const source = await place.addSource();
  const crawler = await place.addCrawler({ source, databases: ['old', 'shop'] });
  await putTables(catalog.database, crawler.scope[0]?.id ?? '', [
    { name: 't', columns: 1 },
    { name: 'u', columns: 1 },
  ]);
  const { crawler: edited, operation } = await updateCrawler(catalog.database, crawler.id, {
    version: 1,
    databases: ['shop'],
  });
  expect(operation).toMatchObject({ kind: 'narrow_scope', status: 'queued', removes: { tables: 2, columns: 2 } });
  expect(operation?.removes.databases).toMatchObject([{ id: crawler.scope[0]?.id, name: 'old', tables: 2 }]);
  expect(edited).toMatchObject({
    databases: 1,
    scope: [{ name: 'old', retiringAt: expect.any(Date) }, { name: 'shop' }],
  });
  const { runId } = await place.open(crawler.id);
  expect(await planUnits(catalog.database, runId)).toBe(1);
  await expect(place.addCrawler({ source, databases: ['old'] })).rejects.toMatchObject({
    databases: [{ name: 'old', leaving: true }],
  });
  const again = await updateCrawler(catalog.database, crawler.id, { version: 2, databases: ['shop'] });
  expect(again.operation).toBeUndefined();
});

test('putting a database back while it is being retired keeps what the map has of it', async () => {
  const crawler = await place.addCrawler({ databases: ['a', 'b'] });
  await putTables(catalog.database, crawler.scope[0]?.id ?? '', [{ name: 't', columns: 1 }]);
  await updateCrawler(catalog.database, crawler.id, { version: 1, databases: ['b'] });
  const { crawler: back } = await updateCrawler(catalog.database, crawler.id, { version: 2, databases: ['a', 'b'] });
  expect(back.scope[0]).toMatchObject({ id: crawler.scope[0]?.id, name: 'a', retiringAt: null });
});

test('while a run is open even an empty database is only marked, since the run may be about to fill it', async () => {
  const crawler = await place.addCrawler({ databases: ['a', 'b'] });
  await place.open(crawler.id);
  await updateCrawler(catalog.database, crawler.id, { version: 1, databases: ['b'] });
  const rows = await query(
    catalog.database,
    `SELECT name FROM collected_database WHERE crawler_id = ? AND retiring_at IS NOT NULL`,
    [crawler.id],
  );
  expect(rows).toEqual([{ name: 'a' }]);
});
