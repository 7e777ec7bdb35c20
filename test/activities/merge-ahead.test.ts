import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConnectorError } from '../../connectors/contract.js';
import { type CrawledCatalog, crawledCatalog, tablesOf, takeOutbox } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

/** Sessions that have written to the map and not committed it. */
const OPEN = `
  SELECT DISTINCT l.pid
  FROM pg_locks l
  JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.relation = 'entity'::regclass AND l.mode = 'RowExclusiveLock'`;

const staged = async (map: CrawledCatalog, { runId }: { runId: string }): Promise<number> => {
  const [row] = await map.rows<{ n: number }>(
    `SELECT count(*)::int AS n FROM staged_object WHERE run_id = ? AND kind = 'table'`,
    [runId],
  );
  return row?.n ?? 0;
};

test('nothing of a first reading is on the map before its end, and then all of it is, before publishing has begun', async () => {
  const source = new SyntheticSource(4_000);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  const seen: number[] = [];
  source.faults = {
    beforePage: async () => {
      seen.push((await tablesOf(map)).size);
    },
  };
  await map.collect(ref);
  expect(seen).toEqual([0, 0, 0, 0]);
  expect((await tablesOf(map)).size).toBe(4_000);
  expect(await staged(map, ref)).toBe(0);
  expect(await map.publish(ref)).toMatchObject({ tables: 4_000, added: 4_000, unchanged: 0 });
  expect(await takeOutbox(map)).toHaveLength(4_000 + source.schemas.size + 1);
  const events = await map.rows<{ data: { counts: { added: number }; tables: unknown[]; more: number } }>(
    `SELECT data FROM event WHERE type = 'tables.changed' AND collected_database_id = ?`,
    [map.collectedDatabaseId],
  );
  expect(events.map(({ data }) => data.counts.added)).toEqual([1_000, 1_000, 1_000, 1_000]);
  expect(events.map(({ data }) => data.tables.length + data.more)).toEqual([1_000, 1_000, 1_000, 1_000]);
});

test('an attempt that merged everything and was lost before it could say so is not repeated, nor is its unit failed', async () => {
  const source = new SyntheticSource(2_500);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  await map.collect(ref);
  const read = source.pagesRead.length;
  expect(await map.collect(ref, 2)).toEqual({ tables: 2_500, changed: 2_500 });
  expect(source.pagesRead).toHaveLength(read);
  expect(await map.publish(ref)).toMatchObject({ tables: 2_500, added: 2_500 });
  await expect(map.collect(ref, 3)).rejects.toMatchObject({ type: 'FENCED_OUT' });
});

test('a source that vanishes in the middle of a first reading leaves nothing on the map, and the next attempt goes on', async () => {
  const source = new SyntheticSource(4_000);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  source.faults = { failAfterPages: 3, error: new ConnectorError('CONNECTION_LOST', 'it is gone', 'look for it') };
  await expect(map.collect(ref)).rejects.toMatchObject({ type: 'CONNECTION_LOST' });
  expect((await tablesOf(map)).size).toBe(0);
  expect(await map.rows(OPEN)).toEqual([]);
  expect(await staged(map, ref)).toBe(3_000);
  source.faults = {};
  await map.collect(ref, 2);
  expect((await tablesOf(map)).size).toBe(0);
  expect(await map.publish(ref)).toMatchObject({ added: 4_000 });
});

test('a session that is lost while it merges ahead costs nothing but time, and the log says so', async () => {
  const source = new SyntheticSource(4_000);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  source.faults = {
    beforePage: async (page) => {
      if (page < 3) return;
      await expect.poll(() => map.rows(OPEN)).toHaveLength(1);
      await map.rows(`SELECT pg_terminate_backend(pid) FROM (${OPEN}) open`);
      await expect.poll(() => map.rows(OPEN)).toEqual([]);
    },
  };
  await map.collect(ref);
  expect((await tablesOf(map)).size).toBe(0);
  expect(await staged(map, ref)).toBe(4_000);
  expect(await map.publish(ref)).toMatchObject({ added: 4_000 });
  const lines = await map.rows<{ message: string }>(
    `SELECT message FROM run_log WHERE run_id = ? AND message LIKE 'Nothing was merged ahead%'`,
    [ref.runId],
  );
  expect(lines).toHaveLength(1);
});

test('a plan merges nothing, and neither does a reading of what the catalog knows already', async () => {
  const source = new SyntheticSource(2_000);
  const map = await crawledCatalog(catalog.database, source);
  const planned = await map.openRun();
  await map.rows(`UPDATE crawl_run SET trigger = 'plan' WHERE id = ?`, [planned.runId]);
  await map.collect(planned);
  expect((await tablesOf(map)).size).toBe(0);
  await map.crawl();
  source.edit(SyntheticSource.keyOf(1), { comment: 'another one' });
  const ref = await map.openRun();
  await map.collect(ref);
  expect(await staged(map, ref)).toBe(1);
  expect(await map.publish(ref)).toMatchObject({ changed: 1, unchanged: 1_999 });
});

test('what is read after the server was exchanged is not merged before its keys were taken away', async () => {
  const source = new SyntheticSource(50);
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  source.server = 'another server';
  const ref = await map.openRun();
  await map.collect(ref);
  expect(await staged(map, ref)).toBe(50);
  expect(await map.publish(ref)).toMatchObject({ added: 0, removed: 0, unchanged: 50 });
});
