import { afterAll, beforeAll, expect, test } from 'vitest';
import { recordProblems } from '../../../catalog/runs/problems.js';
import { summariseRun } from '../../../catalog/runs/summarise-run.js';
import { planUnits } from '../../../catalog/runs/units.js';
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

const setUnit = (runId: string, unit: number, status: string, counts: Record<string, number> = {}) =>
  query(
    catalog.database,
    'UPDATE crawl_unit SET status = :status, counts = :counts WHERE run_id = :runId AND unit = :unit',
    { runId, unit, status, counts: JSON.stringify(counts) },
  );

test.each([
  [[], 'succeeded'],
  [['done', 'done'], 'succeeded'],
  [['failed', 'failed'], 'failed'],
  [['done', 'failed'], 'partial'],
  [['done', 'partial'], 'partial'],
  [['partial'], 'partial'],
  [['done', 'pending'], 'partial'],
])('units that ended %j make a run that %s', async (statuses, summary) => {
  const crawler = await place.addCrawler({
    databases: statuses.length === 0 ? ['x'] : statuses.map((_, i) => `d${i}`),
  });
  const { runId } = await place.open(crawler.id);
  if (statuses.length > 0) await planUnits(catalog.database, runId);
  for (const [index, status] of statuses.entries()) await setUnit(runId, index + 1, status);
  expect(await summariseRun(catalog.database, runId)).toBe(summary);
});

test('removals held back or an error make a run partial, a warning does not', async () => {
  const crawler = await place.addCrawler();
  const { runId } = await place.open(crawler.id);
  await planUnits(catalog.database, runId);
  await setUnit(runId, 1, 'done', { held: 12 });
  expect(await summariseRun(catalog.database, runId)).toBe('partial');
  await setUnit(runId, 1, 'done');
  await recordProblems(catalog.database, runId, 1, [{ schema: null, name: 'a', code: 'ODD', message: 'odd' }]);
  expect(await summariseRun(catalog.database, runId)).toBe('succeeded');
  await recordProblems(catalog.database, runId, 1, [
    { level: 'error', schema: null, name: 'b', code: 'UNREAD', message: 'unread' },
  ]);
  expect(await summariseRun(catalog.database, runId)).toBe('partial');
});
