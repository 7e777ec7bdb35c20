import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../db/database.js';
import { markSearchable, watermark } from '../../search/watermark.js';
import { testDatabase } from '../servers/test-database.js';
import { type SampleCatalog, sampleCatalog } from './sample-catalog.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let database: Database;
let sample: SampleCatalog;

beforeAll(async () => {
  catalog = await testDatabase();
  database = catalog.database;
});
afterAll(() => catalog.drop());
beforeEach(async () => {
  await database.raw('TRUNCATE search_outbox, crawl_run CASCADE');
  sample = await sampleCatalog(database);
});

async function addRun(status: string, outboxMark: string | null, of = sample): Promise<{ id: string; number: number }> {
  const { rows } = await database.raw<{ rows: { id: string; number: string }[] }>(
    `INSERT INTO crawl_run (id, crawler_id, workspace_id, trigger, status, outbox_mark, ended_at)
     VALUES (?, ?, ?, 'manual', ?, ?::bigint, CASE WHEN ? IN ('queued', 'running', 'stopping') THEN NULL ELSE now() END)
     RETURNING id, number`,
    [randomUUID(), of.crawlerId, of.workspaceId, status, outboxMark as string, status],
  );
  const run = rows[0] as { id: string; number: string };
  return { id: run.id, number: Number(run.number) };
}

const isSearchable = async (id: string) => {
  const { rows } = await database.raw<{ rows: { yes: boolean }[] }>(
    'SELECT searchable_at IS NOT NULL AS yes FROM crawl_run WHERE id = ?',
    [id],
  );
  return rows[0]?.yes;
};

test('a run is searchable when nothing of its crawler as old as its mark waits', async () => {
  const rows = await sample.enqueue('1', '2');
  const run = await addRun('succeeded', rows[1] ?? null);
  await markSearchable(database);
  expect(await isSearchable(run.id)).toBe(false);
  await database.raw('DELETE FROM search_outbox WHERE id = ?', [rows[1] as string]);
  await markSearchable(database);
  expect(await isSearchable(run.id)).toBe(false);
  await database.raw('DELETE FROM search_outbox WHERE id = ?', [rows[0] as string]);
  await sample.enqueue('3');
  await markSearchable(database);
  expect(await isSearchable(run.id)).toBe(true);
});

test("another crawler's changes do not hold it back", async () => {
  const other = await sampleCatalog(database);
  await other.enqueue('9');
  const [row] = await sample.enqueue('1');
  const run = await addRun('succeeded', row ?? null);
  await database.raw('DELETE FROM search_outbox WHERE id = ?', [row as string]);
  await markSearchable(database);
  expect(await isSearchable(run.id)).toBe(true);
});

test('a run that changed nothing is searchable once it has ended', async () => {
  const open = await addRun('running', null);
  const other = await sampleCatalog(database);
  const ended = await addRun('succeeded', null, other);
  await markSearchable(database);
  expect(await isSearchable(open.id)).toBe(false);
  expect(await isSearchable(ended.id)).toBe(true);
});

test('an open run that publishes more loses the note until that is drained', async () => {
  const run = await addRun('running', '0');
  await markSearchable(database);
  expect(await isSearchable(run.id)).toBe(true);
  const [row] = await sample.enqueue('1');
  await database.raw('UPDATE crawl_run SET outbox_mark = ? WHERE id = ?', [row as string, run.id]);
  await markSearchable(database);
  expect(await isSearchable(run.id)).toBe(false);
});

test('search is complete up to the run before the first that is open or not yet searchable', async () => {
  expect(await watermark(database)).toEqual({ completeUpToRun: null, indexing: [] });
  const first = await addRun('succeeded', null);
  const second = await addRun('failed', null);
  await markSearchable(database);
  expect((await watermark(database)).completeUpToRun).toBe(second.number);
  const [row] = await sample.enqueue('1', '2', '3');
  await addRun('succeeded', row ?? null);
  await markSearchable(database);
  const other = await sampleCatalog(database);
  await addRun('running', null, other);
  expect(await watermark(database)).toMatchObject({
    completeUpToRun: second.number,
    indexing: [{ crawlerId: sample.crawlerId, waiting: 3, since: expect.any(Date) }],
  });
  expect(first.number).toBeLessThan(second.number);
});
