import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkspace } from '../../../access/workspaces.js';
import { CrawlerDeleting, CycleNeedsProduction } from '../../../catalog/crawlers/errors.js';
import type { Plan } from '../../../catalog/crawlers/plan.js';
import { crawlersToSchedule, getCrawler, listCrawlers } from '../../../catalog/crawlers/read-crawlers.js';
import { createCrawler, markDeleting, setPaused, updateCrawler } from '../../../catalog/crawlers/write-crawlers.js';
import { GroupUnknown } from '../../../catalog/groups/errors.js';
import { createGroup } from '../../../catalog/groups/groups.js';
import { beat } from '../../../catalog/groups/workers.js';
import { InvalidInput } from '../../../catalog/model/errors.js';
import { allLeaving, leavingDatabases } from '../../../catalog/retire/leaving.js';
import { closeRun } from '../../../catalog/runs/close-run.js';
import { recordSkippedRun } from '../../../catalog/runs/queue-run.js';
import { query } from '../../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../../db/refusals.js';
import { testDatabase } from '../../servers/test-database.js';
import { atOnce, installation, putTables } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

const daily: Plan = { mode: 'cycle', every: 'day', hour: 2, minute: 30, timeZone: 'UTC' };

test('a crawler is created with its scope and read back whole', async () => {
  const source = await place.addSource();
  const crawler = await place.addCrawler({ source, databases: ['stock', 'shop'], plan: daily, name: 'nightly' });
  expect(crawler).toMatchObject({
    workspaceId: place.workspaceId,
    name: 'nightly',
    kind: 'custom',
    status: 'active',
    dataSource: { id: source.id, name: source.name, type: 'shopdb', environment: 'production' },
    resourceGroup: { id: 'default', name: 'default', liveWorkers: 0 },
    plan: daily,
    planInWords: 'Daily 02:30 UTC',
    paused: false,
    version: 1,
    databases: 2,
    tables: 0,
    openRun: null,
    lastRun: null,
  });
  expect(crawler.scope).toEqual([
    {
      id: expect.any(String),
      name: 'shop',
      visibility: 'workspace',
      tables: null,
      lastCompleteAt: null,
      removalGuard: null,
      retiringAt: null,
    },
    expect.objectContaining({ name: 'stock' }),
  ]);
});

test("new databases are as visible as the workspace's default says", async () => {
  const workspace = await createWorkspace(
    catalog.database,
    { name: randomUUID(), defaultVisibility: 'tenant' },
    place.personId,
  );
  const crawler = await place.addCrawler({ source: await place.addSource({ workspaceId: workspace.id }) });
  expect(crawler.scope[0]?.visibility).toBe('tenant');
});

test('a crawler without a name is called as its source, with a number where that is taken', async () => {
  const source = await place.addSource({ name: `shop_100% ${randomUUID()}` });
  const names: string[] = [];
  for (const database of ['a', 'b', 'c']) names.push((await place.addCrawler({ source, databases: [database] })).name);
  expect(names).toEqual([source.name, `${source.name} 2`, `${source.name} 3`]);
  await expect(place.addCrawler({ name: source.name })).rejects.toThrow(NameTaken);
});

test('a cycle is for production sources only, at creation and at an edit', async () => {
  const source = await place.addSource({ environment: 'development' });
  await expect(place.addCrawler({ source, plan: daily })).rejects.toThrow(CycleNeedsProduction);
  const crawler = await place.addCrawler({ source });
  await expect(updateCrawler(catalog.database, crawler.id, { version: 1, plan: daily })).rejects.toThrow(
    CycleNeedsProduction,
  );
});

test('what a crawler refers to must be there, the source in its own workspace', async () => {
  const source = await place.addSource();
  await expect(place.addCrawler({ source, groupId: 'nowhere' })).rejects.toThrow(GroupUnknown);
  const other = await createWorkspace(catalog.database, { name: randomUUID() }, place.personId);
  const stranger = { ...source, workspaceId: other.id };
  await expect(place.addCrawler({ source: stranger })).rejects.toThrow(NotFound);
});

test.each([[[]], [['a', 'a']], [['']], [['a\0']]])('a scope of %j is refused', async (databases) => {
  await expect(place.addCrawler({ databases })).rejects.toThrow(InvalidInput);
});

test('a visible state of a crawler is whether its group has a live worker', async () => {
  await createGroup(catalog.database, { id: 'staffed' });
  const crawler = await place.addCrawler({ groupId: 'staffed' });
  await beat(catalog.database, { id: 'w', host: 'h', addresses: [] }, 'staffed', 4);
  expect((await getCrawler(catalog.database, crawler.id)).resourceGroup.liveWorkers).toBe(1);
});

test('a crawler shows its open run, and its last one that was not skipped', async () => {
  const crawler = await place.addCrawler();
  const first = await place.open(crawler.id);
  await closeRun(catalog.database, { runId: first.runId, status: 'succeeded' });
  await recordSkippedRun(catalog.database, { crawlerId: crawler.id, runId: randomUUID() });
  const second = await place.open(crawler.id);
  expect(await getCrawler(catalog.database, crawler.id)).toMatchObject({
    openRun: { id: second.runId, status: 'running', startedAt: expect.any(Date) },
    lastRun: { id: first.runId, status: 'succeeded', endedAt: expect.any(Date), counts: { tables: 0 } },
  });
});

test('an edit changes what it names and nothing else, and only of the version it was made from', async () => {
  await createGroup(catalog.database, { id: 'elsewhere' });
  const crawler = await place.addCrawler({ databases: ['a'] });
  const { crawler: edited, operation } = await updateCrawler(catalog.database, crawler.id, {
    version: 1,
    resourceGroupId: 'elsewhere',
    plan: daily,
  });
  expect(edited).toMatchObject({
    name: crawler.name,
    resourceGroup: { id: 'elsewhere' },
    planInWords: 'Daily 02:30 UTC',
    version: 2,
    databases: 1,
  });
  expect(operation).toBeUndefined();
  const edit = (change: object) => updateCrawler(catalog.database, crawler.id, { version: 2, ...change });
  await expect(edit({ version: 1 })).rejects.toThrow(VersionConflict);
  await expect(edit({ resourceGroupId: 'nowhere' })).rejects.toThrow(GroupUnknown);
  await expect(edit({ name: (await place.addCrawler()).name })).rejects.toThrow(NameTaken);
  await expect(edit({ databases: [] })).rejects.toThrow(InvalidInput);
  await expect(updateCrawler(catalog.database, randomUUID(), { version: 1 })).rejects.toThrow(NotFound);
});

test('of two edits of one version at once exactly one is made', async () => {
  const crawler = await place.addCrawler();
  const edits = await atOnce(
    catalog.database,
    { sql: 'SELECT 1 FROM crawler WHERE id = ? FOR UPDATE', bindings: [crawler.id] },
    ['x', 'y', 'z'].map(
      (name) => () => updateCrawler(catalog.database, crawler.id, { version: 1, name: name + crawler.name }),
    ),
  );
  expect(edits.filter((edit) => edit.status === 'fulfilled')).toHaveLength(1);
});

test('a plan is paused with a note and resumed without', async () => {
  const crawler = await place.addCrawler({ plan: daily });
  const paused = await setPaused(catalog.database, crawler.id, { paused: true, note: 'moving house' });
  expect(paused).toMatchObject({ paused: true, pauseNote: 'moving house', version: 2 });
  await expect(setPaused(catalog.database, crawler.id, { paused: false, version: 1 })).rejects.toThrow(VersionConflict);
  expect(await crawlersToSchedule(catalog.database)).toContainEqual({
    id: crawler.id,
    name: crawler.name,
    plan: daily,
    paused: true,
    pauseNote: 'moving house',
    resourceGroupId: 'default',
  });
  expect(await setPaused(catalog.database, crawler.id, { paused: false })).toMatchObject({
    paused: false,
    pauseNote: null,
    removalGuard: null,
  });
});

test('a crawler that is being deleted leaves the lists and takes no more changes', async () => {
  const crawler = await place.addCrawler();
  await markDeleting(catalog.database, crawler.id);
  await markDeleting(catalog.database, crawler.id);
  expect(await getCrawler(catalog.database, crawler.id)).toMatchObject({ status: 'deleting', version: 2 });
  await expect(updateCrawler(catalog.database, crawler.id, { version: 2 })).rejects.toThrow(CrawlerDeleting);
  await expect(setPaused(catalog.database, crawler.id, { paused: true })).rejects.toThrow(CrawlerDeleting);
  await expect(markDeleting(catalog.database, randomUUID())).rejects.toThrow(NotFound);
  const { items } = await listCrawlers(catalog.database, { visible: 'everything', limit: 200 });
  expect(items.map((item) => item.id)).not.toContain(crawler.id);
  expect((await crawlersToSchedule(catalog.database)).map((row) => row.id)).not.toContain(crawler.id);
});

test('deleting a crawler is foretold in databases, tables and fields', async () => {
  const crawler = await place.addCrawler({ databases: ['a', 'b'] });
  await putTables(catalog.database, crawler.scope[0]?.id ?? '', [
    { name: 't', columns: 3 },
    { name: 'u', columns: 4 },
    { name: 'gone', columns: 5 },
  ]);
  await query(
    catalog.database,
    `UPDATE entity SET removed_at = now() WHERE name = 'gone' AND collected_database_id = ?`,
    [crawler.scope[0]?.id ?? ''],
  );
  const leaving = allLeaving(await leavingDatabases(catalog.database, crawler.id, []));
  expect(leaving).toMatchObject({ tables: 2, columns: 7, descriptions: 0 });
  expect(leaving.databases).toMatchObject([
    { name: 'a', tables: 2 },
    { name: 'b', tables: 0 },
  ]);
});

test('crawlers are listed by name, a page at a time, of the workspaces asked for', async () => {
  const { id: workspaceId } = await createWorkspace(catalog.database, { name: randomUUID() }, place.personId);
  const source = await place.addSource({ workspaceId });
  for (const name of ['b', 'A', 'c', 'B x'])
    await createCrawler(catalog.database, {
      workspaceId,
      dataSourceId: source.id,
      resourceGroupId: 'default',
      databases: [name],
      plan: { mode: 'manual' },
      name,
    });
  const list = async (filters: object = {}, visible: string[] | 'everything' = [workspaceId]) => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listCrawlers(catalog.database, {
        visible,
        filters: { workspaceId, ...filters },
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      names.push(...page.items.map((crawler) => crawler.name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return names;
  };
  expect(await list()).toEqual(['A', 'b', 'B x', 'c']);
  expect(await list({ text: ' X' })).toEqual(['B x']);
  expect(await list({ sourceType: 'mysql' })).toEqual([]);
  expect(await list({ dataSourceId: source.id, sourceType: 'shopdb', resourceGroupId: 'default' })).toHaveLength(4);
  expect(await list({}, [])).toEqual([]);
  expect(await list({}, 'everything')).toHaveLength(4);
});
