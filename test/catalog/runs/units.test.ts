import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { updateCrawler } from '../../../catalog/crawlers/write-crawlers.js';
import { closeRun } from '../../../catalog/runs/close-run.js';
import { DatabaseLeftScope, FencedOut, RunEnded } from '../../../catalog/runs/errors.js';
import { listRunUnits } from '../../../catalog/runs/read-runs.js';
import { claimUnit, failUnit, nextUnits, planUnits, stopUnit } from '../../../catalog/runs/units.js';
import { query } from '../../../db/query.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

async function planned(databases: string[]) {
  const crawler = await place.addCrawler({ databases });
  const { runId } = await place.open(crawler.id);
  expect(await planUnits(catalog.database, runId)).toBe(databases.length);
  return { crawler, runId };
}

test('a run has a unit for each database of the scope, planned once and handed out in pages', async () => {
  const { runId, crawler } = await planned(['c', 'a', 'b']);
  await updateCrawler(catalog.database, crawler.id, {
    version: crawler.version,
    databases: ['a', 'b', 'c', 'later'],
  });
  expect(await planUnits(catalog.database, runId)).toBe(3);
  const first = await nextUnits(catalog.database, runId, { after: 0, limit: 2 });
  expect(first).toEqual([
    { runId, unit: 1, database: 'a' },
    { runId, unit: 2, database: 'b' },
  ]);
  expect(await nextUnits(catalog.database, runId, { after: 2, limit: 2 })).toEqual([{ runId, unit: 3, database: 'c' }]);
  await failUnit(catalog.database, { runId, unit: 1, error: { code: 'X', message: 'x' } });
  expect((await nextUnits(catalog.database, runId, { after: 0, limit: 9 })).map(({ unit }) => unit)).toEqual([2, 3]);
  expect((await listRunUnits(catalog.database, runId, { limit: 2 })).nextCursor).toBeDefined();
});

test('a claim tells where the attempt before left off', async () => {
  const { runId, crawler } = await planned(['shop']);
  const first = await claimUnit(catalog.database, { runId, unit: 1, attempt: 1, worker: 'one' });
  expect(first).toEqual({
    collectedDatabaseId: crawler.scope[0]?.id,
    crawlerId: crawler.id,
    workspaceId: place.workspaceId,
    dataSourceId: crawler.dataSource.id,
    sourceType: 'shopdb',
    instance: crawler.dataSource.instance,
    database: 'shop',
    cursor: null,
    pagesStaged: 0,
    lastServerIdentity: null,
    paused: false,
    trigger: 'manual',
    ofRunId: null,
    fullReadAt: null,
  });
  await query(catalog.database, `UPDATE crawl_unit SET cursor = 'k9', pages_staged = 3 WHERE run_id = ?`, [runId]);
  await query(
    catalog.database,
    `UPDATE collected_database SET server_identity = 'srv', full_read_at = now() WHERE id = ?`,
    [first.collectedDatabaseId],
  );
  const second = await claimUnit(catalog.database, { runId, unit: 1, attempt: 2, worker: 'two' });
  expect(second).toMatchObject({
    cursor: 'k9',
    pagesStaged: 3,
    lastServerIdentity: 'srv',
    fullReadAt: expect.any(Date),
  });
});

test('only the latest attempt holds a unit, and may claim it again', async () => {
  const { runId } = await planned(['shop']);
  const claim = (attempt: number, worker: string) => claimUnit(catalog.database, { runId, unit: 1, attempt, worker });
  await claim(2, 'b');
  await expect(claim(1, 'a')).rejects.toThrow(FencedOut);
  await expect(claim(2, 'a')).rejects.toMatchObject({ code: 'FENCED_OUT', permanent: true });
  await claim(2, 'b');
  await claim(3, 'a');
});

test('of two workers that claim with the same attempt at once exactly one gets the unit', async () => {
  const { runId } = await planned(['shop']);
  const claims = await Promise.allSettled(
    ['a', 'b', 'c', 'd'].map((worker) => claimUnit(catalog.database, { runId, unit: 1, attempt: 1, worker })),
  );
  expect(claims.filter((claim) => claim.status === 'fulfilled')).toHaveLength(1);
});

test('a unit of a run that ended, or whose database left the scope, cannot be claimed', async () => {
  const { runId, crawler } = await planned(['shop', 'stock']);
  await updateCrawler(catalog.database, crawler.id, { version: crawler.version, databases: ['stock'] });
  const shop = { runId, unit: 1, attempt: 1, worker: 'a' };
  await expect(claimUnit(catalog.database, shop)).rejects.toThrow(DatabaseLeftScope);
  await closeRun(catalog.database, { runId, status: 'stopped' });
  await expect(claimUnit(catalog.database, { ...shop, unit: 2 })).rejects.toThrow(RunEnded);
  await expect(claimUnit(catalog.database, { ...shop, runId: randomUUID() })).rejects.toThrow(RunEnded);
});

test('a unit keeps its first ending, and what it had staged goes', async () => {
  const { runId } = await planned(['shop', 'stock']);
  await query(
    catalog.database,
    `INSERT INTO staged_object (run_id, unit, page, op, kind, native_key)
     VALUES (:runId, 1, 1, 'upsert', 'table', 'k'), (:runId, 2, 1, 'upsert', 'table', 'k')`,
    { runId },
  );
  const error = { code: 'BAD_CREDENTIALS', message: 'password=letmein99 was refused', remedy: 'Set the password.' };
  await failUnit(catalog.database, { runId, unit: 1, error });
  await stopUnit(catalog.database, { runId, unit: 1 });
  await expect(claimUnit(catalog.database, { runId, unit: 1, attempt: 9, worker: 'a' })).rejects.toThrow(FencedOut);
  const { items } = await listRunUnits(catalog.database, runId, { limit: 10 });
  expect(items[0]).toMatchObject({
    status: 'failed',
    error: { code: 'BAD_CREDENTIALS', message: 'password=*** was refused', remedy: 'Set the password.' },
    endedAt: expect.any(Date),
  });
  const staged = await query(catalog.database, 'SELECT unit FROM staged_object WHERE run_id = ?', [runId]);
  expect(staged).toEqual([{ unit: 2 }]);
});
