import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { InvalidCursor } from '../../../catalog/model/cursor.js';
import { appendRunLog, type LogLine, readRunLog } from '../../../catalog/runs/run-log.js';
import { RunLogger } from '../../../catalog/runs/run-logger.js';
import { openDatabase } from '../../../db/database.js';
import { query } from '../../../db/query.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation, waitingForLocks } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

async function run(): Promise<string> {
  return (await place.open((await place.addCrawler()).id)).runId;
}
const line = (message: string) => ({ level: 'info' as const, step: 'collect', message });
const messages = (lines: LogLine[]) => lines.map(({ message }) => message);

test('a follower by cursor sees every line once, in order, while several processes write', async () => {
  const runId = await run();
  const writers = [1, 2, 3, 4, 5, 6];
  let writing = true;
  const pools = writers.map(() => openDatabase(catalog.url, { max: 1 }));
  const written = Promise.all(
    pools.map(async (pool, writer) => {
      for (let batch = 0; batch < 25; batch += 1)
        await appendRunLog(
          pool,
          runId,
          [0, 1, 2].map((place) => line(`${writer}-${batch * 3 + place}`)),
        );
    }),
  ).finally(() => {
    writing = false;
  });
  const seen: LogLine[] = [];
  let cursor: string | undefined;
  const read = async () => {
    const page = await readRunLog(catalog.database, runId, { limit: 7, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.lines);
    cursor = page.nextCursor;
    return page.lines.length;
  };
  while (writing) await read();
  await written;
  while ((await read()) > 0);
  await Promise.all(pools.map((pool) => pool.destroy()));
  expect(seen).toHaveLength(writers.length * 75);
  for (const writer of writers.keys())
    expect(messages(seen).filter((text) => text.startsWith(`${writer}-`))).toEqual(
      Array.from({ length: 75 }, (_, place) => `${writer}-${place}`),
    );
});

test('a line is not visible before an earlier one whose transaction is still open', async () => {
  const runId = await run();
  const held = await catalog.database.transaction();
  await appendRunLog(held, runId, [line('first')]);
  const second = appendRunLog(catalog.database, runId, [line('second')]);
  await vi.waitFor(async () => expect(await waitingForLocks(catalog.database)).toBe(1), { timeout: 20_000 });
  expect((await readRunLog(catalog.database, runId, { limit: 10 })).lines).toEqual([]);
  await held.commit();
  await second;
  expect(messages((await readRunLog(catalog.database, runId, { limit: 10 })).lines)).toEqual(['first', 'second']);
});

test('writers of different runs do not wait for each other', async () => {
  const [one, other] = [await run(), await run()];
  const held = await catalog.database.transaction();
  await appendRunLog(held, one, [line('held')]);
  await appendRunLog(catalog.database, other, [line('free')]);
  await held.rollback();
  expect(messages((await readRunLog(catalog.database, other, { limit: 10 })).lines)).toEqual(['free']);
});

test('the log is read from its end backward and from any place forward', async () => {
  const runId = await run();
  await appendRunLog(
    catalog.database,
    runId,
    Array.from({ length: 10 }, (_, place) => line(String(place))),
  );
  const tail = await readRunLog(catalog.database, runId, { direction: 'backward', limit: 4 });
  expect(messages(tail.lines)).toEqual(['6', '7', '8', '9']);
  const before = await readRunLog(catalog.database, runId, {
    direction: 'backward',
    limit: 6,
    cursor: tail.previousCursor ?? '',
  });
  expect(messages(before.lines)).toEqual(['0', '1', '2', '3', '4', '5']);
  const again = await readRunLog(catalog.database, runId, { limit: 2, cursor: before.nextCursor ?? '' });
  expect(messages(again.lines)).toEqual(['6', '7']);
  const end = await readRunLog(catalog.database, runId, { limit: 2, cursor: tail.nextCursor ?? '' });
  expect(end).toEqual({ lines: [], nextCursor: tail.nextCursor });
  await expect(readRunLog(catalog.database, runId, { limit: 2, cursor: 'nonsense' })).rejects.toThrow(InvalidCursor);
});

test('lines are found by level, step, unit and text', async () => {
  const runId = await run();
  await appendRunLog(catalog.database, runId, [
    { level: 'debug', step: 'connect', message: 'Opened' },
    { level: 'warn', step: 'collect', unit: 1, message: '100% of Orders', fields: { table: 'Müller' } },
    { level: 'error', step: 'collect', unit: 2, message: 'lost' },
  ]);
  const found = async (filter: Partial<Parameters<typeof readRunLog>[2]>) =>
    messages((await readRunLog(catalog.database, runId, { limit: 10, ...filter })).lines);
  expect(await found({ level: 'warn' })).toEqual(['100% of Orders', 'lost']);
  expect(await found({ step: 'connect' })).toEqual(['Opened']);
  expect(await found({ unit: 2 })).toEqual(['lost']);
  expect(await found({ text: '% of orders' })).toEqual(['100% of Orders']);
  expect(await found({ text: 'müller' })).toEqual(['100% of Orders']);
  expect(await found({ text: '_' })).toEqual([]);
});

test('a line is cut at 4 kB, fields at 8 kB, and what PostgreSQL cannot store is dropped', async () => {
  const runId = await run();
  await appendRunLog(catalog.database, runId, [
    { level: 'info', step: 's', message: '表'.repeat(3_000), fields: { much: 'x'.repeat(20_000) } },
    { level: 'info', step: 's', message: 'a\0b\uD800', fields: { 'k\0': ['\0', '\uDC00', { deep: '\0' }] } },
  ]);
  const { lines } = await readRunLog(catalog.database, runId, { limit: 10 });
  expect(Buffer.byteLength(lines[0]?.message ?? '')).toBeLessThanOrEqual(4_096);
  expect(lines[0]?.message).toMatch(/^表+ \[cut\]$/);
  expect(Buffer.byteLength(JSON.stringify(lines[0]?.fields))).toBeLessThanOrEqual(8_192);
  expect(lines[1]).toMatchObject({ message: 'ab\uFFFD', fields: { k: ['', '\uFFFD', { deep: '' }] } });
});

test('a logger writes in order, masks secrets, and stamps its unit', async () => {
  const runId = await run();
  const logger = new RunLogger(catalog.database, runId, { unit: 3 });
  logger.info('connect', 'trying mysql://root:sesame123@db/shop', { password: 'sesame123', user: 'root' });
  logger.addSecrets(['open sesame']);
  logger.warn('connect', 'the server said: open sesame is wrong');
  for (let place = 0; place < 450; place += 1) logger.debug('collect', String(place));
  await logger.close();
  logger.error('collect', 'after close');
  await logger.flush();
  const { lines } = await readRunLog(catalog.database, runId, { limit: 1_000 });
  expect(lines).toHaveLength(452);
  expect(lines[0]).toMatchObject({
    level: 'info',
    unit: 3,
    message: 'trying mysql://root:***@db/shop',
    fields: { password: '***', user: 'root' },
  });
  expect(lines[1]).toMatchObject({ level: 'warn', message: 'the server said: *** is wrong' });
  expect(messages(lines.slice(2))).toEqual(Array.from({ length: 450 }, (_, place) => String(place)));
});

test('a logger writes by itself within moments', async () => {
  const runId = await run();
  const logger = new RunLogger(catalog.database, runId);
  logger.info('connect', 'hello');
  await vi.waitFor(
    async () => expect(messages((await readRunLog(catalog.database, runId, { limit: 10 })).lines)).toEqual(['hello']),
    { timeout: 20_000 },
  );
  await logger.close();
});

test('lines that cannot be written now are written later, and never fail the step', async () => {
  const runId = await run();
  const errors: unknown[] = [];
  const logger = new RunLogger(catalog.database, runId, { onError: (error) => errors.push(error) });
  await query(catalog.database, 'ALTER TABLE run_log RENAME TO run_log_away');
  logger.info('collect', 'one');
  await logger.flush();
  expect(errors).toHaveLength(1);
  for (let place = 0; place < 5_100; place += 1) logger.debug('collect', String(place));
  await logger.flush();
  await query(catalog.database, 'ALTER TABLE run_log_away RENAME TO run_log');
  logger.info('collect', 'two');
  await logger.close();
  const { lines } = await readRunLog(catalog.database, runId, { limit: 6_000 });
  expect(lines[0]?.message).toMatch(/^10[12] lines were lost/);
  expect(messages(lines).slice(-2)).toEqual(['5099', 'two']);
});

test('the log of a run that is gone is dropped', async () => {
  const runId = await run();
  const errors: unknown[] = [];
  const logger = new RunLogger(catalog.database, runId, { onError: (error) => errors.push(error) });
  await query(catalog.database, 'DELETE FROM crawl_run WHERE id = ?', [runId]);
  logger.info('collect', 'unheard');
  await logger.flush();
  await logger.close();
  expect(errors).toHaveLength(1);
});
