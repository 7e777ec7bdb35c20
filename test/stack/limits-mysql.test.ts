import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { getRun } from '../../catalog/runs/read-runs.js';
import { readRunLog } from '../../catalog/runs/run-log.js';
import { throttleRun } from '../../catalog/runs/throttle-run.js';
import { mysqlSpec } from '../../connectors/mysql/spec.js';
import { query } from '../../db/query.js';
import { MARIADB, TestSource } from '../connectors/mysql/source.js';
import { type MortalStack, type OwnCrawler, startMortalStack } from './mortal-stack.js';

const DATABASES = 6;
const TABLES = 40;

describe.skipIf(MARIADB === '')('limits of a MariaDB server, over two workers', () => {
  let stack: MortalStack;
  let sources: TestSource[];
  let first: TestSource;
  let crawler: OwnCrawler;
  /** The account that the crawler has to itself. */
  let user: string;
  beforeAll(async () => {
    stack = await startMortalStack();
    await query(stack.database, 'UPDATE resource_group SET capacity_cu = 8, cu_per_task = 1');
    sources = await Promise.all(Array.from({ length: DATABASES }, () => TestSource.create()));
    for (const source of sources)
      await source.run(Array.from({ length: TABLES }, (_, n) => `CREATE TABLE t_${n} (id int);`).join('\n'));
    [first] = sources as [TestSource];
    user = await first.account(...sources.map((source) => `SELECT ON ${source.pattern}.*`));
    await first.run('SET GLOBAL userstat = 1');
    crawler = await stack.crawler(
      sources.map(({ database }) => database),
      first.connection(user),
      mysqlSpec,
    );
    await Promise.all([stack.startWorker(), stack.startWorker()]);
  }, 120_000);
  afterAll(async () => {
    await stack.stop();
    await first.run('SET GLOBAL userstat = 0');
    for (const source of sources) await source.drop();
  });

  const limit = (limits: object) =>
    query(
      stack.database,
      'UPDATE data_source s SET limits = :limits FROM crawler c WHERE c.data_source_id = s.id AND c.id = :id',
      { id: crawler.id, limits: JSON.stringify(limits) },
    );

  let edits = 0;
  /** Leaves the next run something to read in each database. */
  async function changeEverything(): Promise<void> {
    edits += 1;
    for (const source of sources)
      await source.run(Array.from({ length: TABLES }, (_, n) => `ALTER TABLE t_${n} ADD c_${edits} int;`).join('\n'));
  }

  /** Of the source, by its own clock: the account's sessions, and its statements until now. */
  async function sample(): Promise<{ at: number; sessions: number; statements: number }> {
    const [row] = (await first.rows(
      `SELECT unix_timestamp(now(6)) AS at,
              (SELECT count(*) FROM information_schema.processlist WHERE user = ?) AS sessions,
              (SELECT coalesce(sum(select_commands + update_commands + other_commands), 0)
                 FROM information_schema.user_statistics WHERE user = ?) AS statements`,
      [user, user],
    )) as [Record<string, unknown>];
    return { at: Number(row['at']), sessions: Number(row['sessions']), statements: Number(row['statements']) };
  }

  /** Samples until the run has ended. */
  async function watch(runId: string): Promise<Awaited<ReturnType<typeof sample>>[]> {
    const samples = [await sample()];
    while ((await getRun(stack.database, runId)).endedAt === null) samples.push(await sample());
    return samples;
  }

  it('are kept: never more sessions than the cap, nor more queries than the rate', async () => {
    const rate = 15;
    await limit({ maxConnections: 2, queriesPerSecond: rate });
    const runId = await crawler.start();
    const samples = await watch(runId);
    const run = await getRun(stack.database, runId);
    expect(run, JSON.stringify(run.error)).toMatchObject({
      status: 'succeeded',
      counts: { added: DATABASES * TABLES },
    });
    const workers = await query(stack.database, 'SELECT DISTINCT worker FROM crawl_unit WHERE run_id = ?', [runId]);
    expect(workers).toHaveLength(2);
    expect(Math.max(...samples.map(({ sessions }) => sessions))).toBe(2);
    expect((samples.at(-1)?.statements ?? 0) - (samples[0]?.statements ?? 0)).toBeGreaterThan(3 * DATABASES);
    // Between any two samples, with one statement of each session that had its turn before the first and was counted after.
    for (const [index, from] of samples.entries())
      for (const to of samples.slice(index))
        expect(to.statements - from.statements).toBeLessThanOrEqual((to.at - from.at) * rate + 3);
  }, 90_000);

  it('hold a run in flight: throttled to one database it reads one at once, and goes on when that is lifted', async () => {
    await changeEverything();
    await limit({ queriesPerSecond: 20 });
    const runId = await crawler.start();
    await vi.waitFor(async () => expect((await sample()).sessions).toBeGreaterThan(1), { timeout: 30_000 });
    await throttleRun(stack.database, runId, { lanes: 1 }, { name: 'An operator' });
    await vi.waitFor(
      async () => {
        const { lines } = await readRunLog(stack.database, runId, { limit: 1, step: 'collect', text: 'RUN_THROTTLED' });
        expect(lines).toHaveLength(1);
        expect((await sample()).sessions).toBeLessThanOrEqual(1);
      },
      { timeout: 30_000 },
    );
    await throttleRun(stack.database, runId, { lanes: null, queriesPerSecond: 1_000 }, { name: 'An operator' });
    await limit({});
    expect(await crawler.ended(runId)).toMatchObject({ status: 'succeeded', counts: { changed: DATABASES * TABLES } });
  }, 90_000);

  it('leave the server alone in its quiet hours: a run rests without a session, and goes on after them', async () => {
    await changeEverything();
    const around = (hours: number) => `${String((new Date().getUTCHours() + 24 + hours) % 24).padStart(2, '0')}:00`;
    await limit({ quietHours: { from: around(-1), to: around(2), timeZone: 'UTC' } });
    const before = await sample();
    const runId = await crawler.start();
    await vi.waitFor(
      async () => {
        const { lines } = await readRunLog(stack.database, runId, { limit: 10, step: 'quiet hours' });
        expect(lines).toHaveLength(1);
      },
      { timeout: 30_000 },
    );
    expect(await sample()).toMatchObject({ sessions: 0, statements: before.statements });
    await limit({});
    await stack.orchestrator.wakeCrawl(crawler.id, 'resumed');
    expect(await crawler.ended(runId)).toMatchObject({ status: 'succeeded', counts: { changed: DATABASES * TABLES } });
  }, 90_000);
});
