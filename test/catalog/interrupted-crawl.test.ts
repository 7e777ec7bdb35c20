import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { beginPublishing } from '../../catalog/collect/begin-publishing.js';
import { finishPublishing } from '../../catalog/collect/finish-publishing.js';
import { mergeNextPage } from '../../catalog/collect/merge-page.js';
import { stagePage } from '../../catalog/collect/staging.js';
import { claimUnit } from '../../catalog/runs/units.js';
import type { UnitRef } from '../../workflows/contract.js';
import { type CrawledCatalog, crawledCatalog, tablesOf } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const key = SyntheticSource.keyOf;

/** The map as people see it, apart from ids and times. */
async function stateOf(map: CrawledCatalog) {
  const tables = [...(await tablesOf(map)).values()].map(({ id: _id, guid, ...table }) => ({
    ...table,
    guid: guid.replace(/:db-[0-9a-f]+\./, ':db.'),
  }));
  const changes = await map.rows(
    `SELECT e.name, r.change, r.from_version, r.to_version
     FROM run_change r
     JOIN entity e ON e.id = r.entity_id
     JOIN crawl_run c ON c.id = r.run_id
     WHERE c.crawler_id = ? AND c.number = (SELECT max(number) FROM crawl_run WHERE crawler_id = ?)
     ORDER BY e.name, r.change, r.to_version`,
    [map.crawlerId, map.crawlerId],
  );
  return { tables: tables.sort((a, b) => (a.guid < b.guid ? -1 : 1)), changes };
}

/** A source that has lost, gained, changed and renamed tables since it was collected. */
async function changedSource(): Promise<{ source: SyntheticSource; map: CrawledCatalog }> {
  const source = new SyntheticSource(60, 3);
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  for (const index of [1, 2, 3]) source.drop(key(index));
  for (const index of [10, 20, 30, 40]) source.edit(key(index), { comment: `changed ${index}` });
  source.edit(key(11), { name: 'orders_12_daily' });
  source.edit(key(12), { name: 'orders_11_daily' });
  source.edit(key(13), { partitions: [{ name: 'p1', ordinal: 1 }] });
  for (let index = 0; index < 1_500; index += 1)
    source.put({ ...source.get(key(50)), key: `new-${index}`, name: `new_${index}` });
  source.pagesRead.length = 0;
  return { source, map };
}

/** Collects until it succeeds, as the engine does: each attempt under the next number. */
async function collectWithRetries(map: CrawledCatalog, ref: UnitRef, onFailure: () => void): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await map.collect(ref, attempt);
      return attempt;
    } catch (error) {
      if (attempt > 20) throw error;
      onFailure();
    }
  }
}

test('wherever collecting and publishing are broken off and taken up again, the map ends the same', async () => {
  const smooth = await changedSource();
  const counts = await smooth.map.crawl();
  const expected = await stateOf(smooth.map);
  expect(counts).toMatchObject({ added: 1_500, removed: 3 });

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(4), { maxLength: 3 }),
      fc.array(fc.nat(6), { maxLength: 4 }),
      async (faults, breaks) => {
        const { source, map } = await changedSource();
        const ref = await map.openRun();
        const plan = [...faults];
        source.faults = plan.length === 0 ? {} : { failAfterPages: plan.shift() ?? 0 };
        await collectWithRetries(map, ref, () => {
          const next = plan.shift();
          source.faults = next === undefined ? {} : { failAfterPages: source.pagesRead.length + next };
        });
        // An attempt that ended and could not tell: the engine runs it again.
        if (breaks.length > 2) await map.collect(ref, 30);
        for (const pages of breaks) {
          await beginPublishing(map.database, ref);
          for (let page = 0; page < pages; page += 1) await mergeNextPage(map.database, ref);
        }
        const { runId: _, ...smoothCounts } = counts;
        expect(await map.publish(ref)).toEqual(smoothCounts);
        // Nor does it matter that the end is told twice.
        expect(await map.publish(ref)).toEqual(smoothCounts);
        expect(await stateOf(map)).toEqual(expected);
      },
    ),
    { numRuns: 8 },
  );
}, 180_000);

test('an attempt that goes on reads nothing again that an earlier one staged', async () => {
  const source = new SyntheticSource(3_500);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  source.faults = { failAfterPages: 2 };
  await expect(map.collect(ref)).rejects.toThrow();
  source.faults = {};
  await map.collect(ref, 2);
  const read = source.pagesRead.flat();
  expect(new Set(read).size).toBe(3_500);
  expect(read).toHaveLength(3_500);
  expect(await map.publish(ref)).toMatchObject({ added: 3_500 });
});

test('a table that an earlier attempt staged and that is gone by the next one does not reach the map', async () => {
  const source = new SyntheticSource(1_500);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  source.faults = { failAfterPages: 1 };
  await expect(map.collect(ref)).rejects.toThrow();
  source.drop(key(0));
  source.faults = {};
  await map.collect(ref, 2);
  expect(await map.publish(ref)).toMatchObject({ tables: 1_499, added: 1_499, removed: 0 });
  expect([...(await tablesOf(map)).values()].map(({ name }) => name)).not.toContain('orders_0_daily');
});

test('an attempt that was taken for dead can stage nothing any more', async () => {
  const source = new SyntheticSource(10);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  await claimUnit(map.database, { ...ref, attempt: 1, worker: 'zombie' });
  await claimUnit(map.database, { ...ref, attempt: 2, worker: 'worker-1' });
  const page = { lines: [], readKeys: [], cursor: 'x', tablesDone: 1, tablesTotal: 1 };
  const zombie = { ...ref, attempt: 1, resumed: false, cursor: null };
  await expect(stagePage(map.database, zombie, page)).rejects.toMatchObject({ code: 'FENCED_OUT', permanent: true });
  await expect(map.collect(ref, 1)).rejects.toMatchObject({ type: 'FENCED_OUT', nonRetryable: true });
  expect(await map.rows(`SELECT cursor, tables_done FROM crawl_unit WHERE run_id = ?`, [ref.runId])).toEqual([
    { cursor: null, tables_done: 0 },
  ]);
});

test('two attempts that publish at once merge each page once', async () => {
  const { map } = await changedSource();
  const ref = await map.openRun();
  await map.collect(ref);
  const counts = await Promise.all([map.publish(ref), map.publish(ref)]);
  expect(counts[0]).toEqual(counts[1]);
  expect(counts[0]).toMatchObject({ added: 1_500, removed: 3 });
});

test('nothing is published for a run that was ended', async () => {
  const { map } = await changedSource();
  const ref = await map.openRun();
  await map.collect(ref);
  await beginPublishing(map.database, ref);
  await mergeNextPage(map.database, ref);
  await map.rows(`UPDATE crawl_unit SET status = 'stopped' WHERE run_id = ?`, [ref.runId]);
  await expect(mergeNextPage(map.database, ref)).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(finishPublishing(map.database, ref)).rejects.toMatchObject({ code: 'RUN_ENDED' });
});

test('an attempt whose pages the server lost in a crash stages no more, and the next one reads them again', async () => {
  const source = new SyntheticSource(3_500);
  const map = await crawledCatalog(catalog.database, source);
  const ref = await map.openRun();
  source.faults.beforePage = async (page) => {
    if (page !== 2) return;
    await vi.waitFor(
      async () => {
        const [unit] = await map.rows<{ staged: number }>(
          'SELECT pages_staged AS staged FROM crawl_unit WHERE run_id = ?',
          [ref.runId],
        );
        expect(unit?.staged).toBeGreaterThan(0);
      },
      { timeout: 20_000 },
    );
    // Pages are committed before they are on disk: this is what a crash of the server leaves. The unit first, which
    // waits for the page that is being staged.
    await map.rows('UPDATE crawl_unit SET cursor = NULL, pages_staged = 0 WHERE run_id = ?', [ref.runId]);
    await map.rows('DELETE FROM staged_object WHERE run_id = ?', [ref.runId]);
  };
  await expect(map.collect(ref, 1)).rejects.toMatchObject({ type: 'PAGES_LOST', nonRetryable: false });
  source.faults = {};
  await map.collect(ref, 2);
  expect(await map.publish(ref)).toMatchObject({ tables: 3_500, added: 3_500 });
});
