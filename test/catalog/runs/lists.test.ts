import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InvalidCursor } from '../../../catalog/model/cursor.js';
import { closeRun } from '../../../catalog/runs/close-run.js';
import { listProblems, recordProblems } from '../../../catalog/runs/problems.js';
import { queueRun } from '../../../catalog/runs/queue-run.js';
import { listRuns } from '../../../catalog/runs/read-runs.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

test('runs are listed newest first, a page at a time, of the workspaces asked for', async () => {
  const crawler = await place.addCrawler();
  const ids: string[] = [];
  for (const status of ['succeeded', 'failed', 'succeeded'] as const) {
    const { runId } = await place.open(crawler.id);
    await closeRun(catalog.database, { runId, status });
    ids.unshift(runId);
  }
  const queued = randomUUID();
  await queueRun(catalog.database, { runId: queued, crawlerId: crawler.id, trigger: 'retry' });
  ids.unshift(queued);
  await place.open((await place.addCrawler()).id);

  const list = async (request: Partial<Parameters<typeof listRuns>[1]> = {}) => {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRuns(catalog.database, {
        visible: 'everything',
        limit: 2,
        ...request,
        filters: { crawlerId: crawler.id, ...request.filters },
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.items.map((run) => run.id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found;
  };
  expect(await list()).toEqual(ids);
  expect(await list({ filters: { status: ['failed', 'queued'] } })).toEqual([ids[0], ids[2]]);
  expect(await list({ filters: { trigger: ['retry'] } })).toEqual([queued]);
  expect(await list({ filters: { workspaceId: place.workspaceId } })).toEqual(ids);
  expect(await list({ visible: [place.workspaceId] })).toEqual(ids);
  expect(await list({ visible: [randomUUID()] })).toEqual([]);
  expect(await list({ visible: [] })).toEqual([]);
  await expect(listRuns(catalog.database, { visible: 'everything', limit: 2, cursor: 'x' })).rejects.toThrow(
    InvalidCursor,
  );
});

test('problems are listed as they were met, masked, and once however often they are reported', async () => {
  const { runId } = await place.open((await place.addCrawler()).id);
  const problems = Array.from({ length: 5 }, (_, place_) => ({
    schema: place_ === 0 ? null : 'sales',
    name: `v${place_}`,
    code: 'BROKEN_VIEW',
    message: `token=abc${place_}`,
    remedy: 'Repair the view\0.',
  }));
  await recordProblems(catalog.database, runId, 1, problems);
  await recordProblems(catalog.database, runId, 1, problems);
  await recordProblems(catalog.database, runId, 2, [{ ...problems[0], level: 'error' } as (typeof problems)[0]]);
  await recordProblems(catalog.database, runId, 2, []);
  const first = await listProblems(catalog.database, runId, { limit: 4 });
  expect(first.items.map((problem) => problem.name)).toEqual(['v0', 'v1', 'v2', 'v3']);
  expect(first.items[0]).toEqual({
    id: expect.any(String),
    unit: 1,
    level: 'warning',
    schema: null,
    name: 'v0',
    code: 'BROKEN_VIEW',
    message: 'token=***',
    remedy: 'Repair the view.',
  });
  const rest = await listProblems(catalog.database, runId, { limit: 4, cursor: first.nextCursor ?? '' });
  expect(rest.items.map((problem) => [problem.unit, problem.level])).toEqual([
    [1, 'warning'],
    [2, 'error'],
  ]);
  expect(rest.nextCursor).toBeUndefined();
});
