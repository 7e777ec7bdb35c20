import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCollectUnit } from '../../activities/collect-unit.js';
import type { ActivityContext } from '../../activities/context.js';
import { createDrainOutbox } from '../../activities/drain-outbox.js';
import { createFinishRun } from '../../activities/finish-run.js';
import { createOpenRun } from '../../activities/open-run.js';
import { queueRun } from '../../catalog/runs/queue-run.js';
import { SearchUnavailable } from '../../search/port.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

/** As the engine starts an attempt of a step of a moment. */
const attemptOf = (attempt: number, maximumAttempts = 0) =>
  new MockActivityEnvironment({
    attempt,
    retryPolicy: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 30_000, maximumAttempts },
    scheduleToCloseTimeoutMs: 0,
  });

const onWorker = (context: ActivityContext, id: string): ActivityContext => ({
  ...context,
  worker: { ...context.worker, id },
});

async function toldOf(map: CrawledCatalog, runId: string): Promise<string[]> {
  const lines = await map.rows<{ level: string; step: string; message: string }>(
    'SELECT level, step, message FROM run_log WHERE run_id = ? ORDER BY seq',
    [runId],
  );
  return lines.map(({ level, step, message }) => `${level} ${step}: ${message}`);
}

/** Makes each change of the run's row fail as it does while PostgreSQL is shut down, until called off. */
async function refuseRun(map: CrawledCatalog, runId: string): Promise<() => Promise<unknown>> {
  const name = `refuse_${runId.replaceAll('-', '')}`;
  await map.rows(
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN
       RAISE EXCEPTION 'the database system is shutting down' USING ERRCODE = '57P03';
     END $$`,
  );
  await map.rows(
    `CREATE TRIGGER ${name} BEFORE UPDATE OF status ON crawl_run
        FOR EACH ROW WHEN (NEW.id = '${runId}') EXECUTE FUNCTION ${name}()`,
  );
  return () => map.rows(`DROP FUNCTION ${name} CASCADE`);
}

const AWAY = "Datamap's own database cannot be reached; this is tried again until it can";

test('opening and closing a run leave no line of a first attempt that succeeds, and all of them where one fails', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(1));
  const runId = randomUUID();
  const run = { runId, crawlerId: map.crawlerId, trigger: 'manual' as const };
  await queueRun(map.database, run);
  const open = createOpenRun(map.context);
  const request = { ...run, workflowId: 'w', workflowRunId: randomUUID() };
  let mend = await refuseRun(map, runId);
  await expect(attemptOf(1).run(open, request)).rejects.toMatchObject({ type: 'DATABASE_UNAVAILABLE' });
  await mend();
  await attemptOf(2).run(open, request);

  mend = await refuseRun(map, runId);
  await expect(attemptOf(1).run(createFinishRun(map.context), { runId })).rejects.toThrow(AWAY);
  await mend();
  await attemptOf(2).run(createFinishRun(onWorker(map.context, 'worker-2')), { runId });
  expect(await toldOf(map, runId)).toEqual([
    `warn open: ${AWAY}; attempt 2 in 1 s`,
    'info open: Attempt 2 on worker worker-1, after DATABASE_UNAVAILABLE on worker worker-1',
    expect.stringContaining('info open: Run of shop begins'),
    expect.stringContaining(' close: '),
    `warn close: ${AWAY}; attempt 2 in 1 s`,
    'info close: Attempt 2 on worker worker-2, after DATABASE_UNAVAILABLE on worker worker-1',
    expect.stringContaining(' close: '),
  ]);

  const another = { ...request, runId: randomUUID(), workflowRunId: randomUUID() };
  await attemptOf(1).run(open, another);
  await attemptOf(1).run(createFinishRun(map.context), another);
  expect(await toldOf(map, another.runId)).toEqual([
    expect.stringContaining('Run of shop begins'),
    expect.stringContaining(' close: '),
  ]);
});

test('a repeated attempt says so where the one before could not tell how it ended', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(1));
  const { runId } = await map.openRun();
  await attemptOf(2).run(createFinishRun(map.context), { runId });
  expect((await toldOf(map, runId))[0]).toBe(
    'warn close: Attempt 2 on worker worker-1: no attempt before it could tell how it ended',
  );
});

test('a run tells that search is away, when it is asked again, and what becomes of the rest when it gives up', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(1));
  const { runId } = await map.openRun();
  const searchIndex = {
    prepare: async () => {
      throw new SearchUnavailable('The search engine cannot be reached');
    },
  };
  const drain = createDrainOutbox({ ...map.context, searchIndex: searchIndex as never });
  const request = { crawlerId: map.crawlerId, runId };
  for (const attempt of [1, 2]) {
    await expect(attemptOf(attempt, 2).run(drain, request)).rejects.toMatchObject({ type: 'SEARCH_UNAVAILABLE' });
  }
  expect(await toldOf(map, runId)).toEqual([
    'warn index: The search engine cannot be reached; attempt 2 in 1 s',
    'info index: Attempt 2 on worker worker-1, after SEARCH_UNAVAILABLE on worker worker-1',
    'warn index: The search engine cannot be reached; the outbox keeps what is not indexed, and goes on each minute',
  ]);
});

test('a unit that waits for its turn at a source says so once, again after a minute, and when it has it', async () => {
  const map = await crawledCatalog(catalog.database, new SyntheticSource(1));
  const ref = await map.openRun();
  await map.rows(
    `UPDATE data_source SET limits = '{"maxConnections": 1}' FROM crawler c
      WHERE c.data_source_id = data_source.id AND c.id = ?`,
    [map.crawlerId],
  );
  await map.rows(
    `INSERT INTO source_lease (source_type, instance, data_source_id, worker, expires_at)
     SELECT s.type, s.instance, s.id, 'w-1', clock_timestamp() + interval '1 hour'
       FROM data_source s JOIN crawler c ON c.data_source_id = s.id WHERE c.id = ?`,
    [map.crawlerId],
  );
  const collect = (attempt: number) => attemptOf(attempt).run(createCollectUnit(map.context), ref);
  const busy = expect.stringMatching(
    /^warn collect: All 1 connections .* are in use, by connection tests or listings$/,
  );
  for (const attempt of [1, 2, 3]) await expect(collect(attempt)).rejects.toMatchObject({ type: 'SOURCE_BUSY' });
  const once = ['info collect: Attempt 1 on worker worker-1', busy];
  expect(await toldOf(map, ref.runId)).toEqual(once);

  await map.rows(`UPDATE run_log SET at = at - interval '1 minute' WHERE run_id = ?`, [ref.runId]);
  for (const attempt of [4, 5]) await expect(collect(attempt)).rejects.toMatchObject({ type: 'SOURCE_BUSY' });
  const again = [...once, 'info collect: Attempt 4 on worker worker-1, after SOURCE_BUSY on worker worker-1', busy];
  expect(await toldOf(map, ref.runId)).toEqual(again);

  await map.rows('DELETE FROM source_lease');
  await collect(6);
  expect((await toldOf(map, ref.runId)).slice(0, again.length + 2)).toEqual([
    ...again,
    'info collect: Attempt 6 on worker worker-1, after SOURCE_BUSY on worker worker-1',
    expect.stringContaining('info connect: Connected'),
  ]);
});
