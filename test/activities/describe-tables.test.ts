import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDescribeTables } from '../../activities/describe-tables.js';
import { createTryModel } from '../../activities/try-model.js';
import { describingOfRun } from '../../catalog/describing/describing-of-run.js';
import { readModelSettings, updateModelSettings } from '../../catalog/describing/model-settings.js';
import {
  beginAgain,
  beginTrial,
  noteAnswered,
  readModelState,
  setModelPaused,
} from '../../catalog/describing/model-state.js';
import { askOutdatedAgain, countOutdated } from '../../catalog/describing/outdated.js';
import { queueLength } from '../../catalog/describing/queue.js';
import { usageOfToday } from '../../catalog/describing/usage.js';
import { closeRun } from '../../catalog/runs/close-run.js';
import type { Described } from '../../workflows/contract.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { describe as describeTold, MODEL_KEY, type ModelEndpoint, modelEndpoint } from '../fakes/model-endpoint.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';

let own: Awaited<ReturnType<typeof testDatabase>>;
let endpoint: ModelEndpoint;
let source: SyntheticSource;
let catalog: CrawledCatalog;

beforeEach(async () => {
  own = await testDatabase();
  endpoint = await modelEndpoint();
  source = new SyntheticSource(3, 1);
  catalog = await crawledCatalog(own.database, source);
  for (let index = 0; index < 3; index += 1) uncomment(index);
  await catalog.rows('UPDATE crawler SET ai_descriptions = true');
  await configure({
    url: endpoint.url,
    model: 'fake-model',
    apiKey: MODEL_KEY,
    enabled: true,
    requestsPerMinute: 6_000,
  });
});
afterEach(async () => {
  await endpoint.stop();
  await own.drop();
});
afterAll(() => vi.unstubAllEnvs());

/** A table without comments, but for its first two columns. */
function uncomment(index: number, columns = 4): void {
  source.edit(SyntheticSource.keyOf(index), ({ structure, comment: _, ...table }) => ({
    ...table,
    comment: undefined as never,
    structure: {
      ...structure,
      columns: structure.columns.slice(0, columns).map(({ comment, ...column }, place) => ({
        ...column,
        ...(place < 2 && comment !== undefined ? { comment } : {}),
      })),
    },
  }));
}

async function configure(change: Omit<Parameters<typeof updateModelSettings>[2], 'version'>): Promise<void> {
  const { version } = await readModelSettings(own.database);
  await updateModelSettings(own.database, catalog.context.secretKey, { ...change, version });
}

/** A run to its end, as a worker ends it. */
async function crawl(): Promise<void> {
  const ref = await catalog.openRun();
  await catalog.collect(ref);
  await catalog.publish(ref);
  await closeRun(own.database, { runId: ref.runId, status: 'succeeded' });
}

const describeOnce = () =>
  new MockActivityEnvironment().run(createDescribeTables(catalog.context)) as Promise<Described>;

const suggestions = (status = 'open') =>
  catalog.rows<{ name: string; column: string; description: string | null; because: string | null; attempts: number }>(
    `SELECT e.name, s.column_name AS "column", s.description, s.refused_because AS because, s.attempts
       FROM description_suggestion s JOIN entity e ON e.id = s.entity_id
      WHERE s.status = ?
      ORDER BY e.name, s.column_name`,
    [status],
  );

/** What waits is due now: time is not waited for in tests. */
const passTime = () =>
  catalog
    .rows(`UPDATE description_model SET waits_until = now(), next_request_at = now()`)
    .then(() => catalog.rows(`UPDATE description_request SET not_before = now()`));

describe('after a run', () => {
  it('tables and columns that nobody described are suggested descriptions, with what was told; others are not asked about', async () => {
    await crawl();
    expect(await describeOnce()).toEqual({ tables: 3, suggestions: 9, refused: 0, next: 'rest', waitMs: 0 });
    expect(await suggestions()).toHaveLength(9);
    expect((await suggestions()).slice(0, 3)).toMatchObject([
      { name: 'orders_0_daily', column: '', description: 'Keeps the records that orders_0_daily is about.' },
      { column: 'c2', description: 'Says for each row what its c2 is.' },
      { column: 'c3' },
    ]);
    expect(endpoint.asked.map(({ told }) => told.describe)).toEqual(
      Array.from({ length: 3 }, () => ({ table: true, columns: ['c2', 'c3'] })),
    );
    const [answer] = await catalog.rows(
      `SELECT model, inputs -> 'describe' AS asked, prompt_tokens > 0 AS counted, length(inputs_digest) AS digest
         FROM description_answer LIMIT 1`,
    );
    expect(answer).toEqual({
      model: 'fake-model-2026',
      asked: { table: true, columns: ['c2', 'c3'] },
      counted: true,
      digest: 43,
    });
    const { tokens, requests, suggestions: made } = await usageOfToday(own.database);
    const [{ spent } = { spent: 0 }] = await catalog.rows<{ spent: number }>(
      'SELECT sum(prompt_tokens + completion_tokens)::int AS spent FROM description_answer',
    );
    expect({ tokens, requests, made }).toEqual({ tokens: spent, requests: 3, made: 9 });
  });

  it('the model is told of keys within the database alone: its words are read by whoever sees the table', async () => {
    const references = { table: 'orders_1_daily', columns: ['id'] };
    source.edit(SyntheticSource.keyOf(0), ({ structure }) => ({
      structure: {
        ...structure,
        foreignKeys: [
          { name: 'own', columns: ['c1'], references },
          { name: 'other', columns: ['c2'], references: { ...references, database: 'payroll', table: 'wages' } },
        ],
      },
    }));
    await crawl();
    await describeOnce();
    expect(JSON.stringify(endpoint.asked)).not.toMatch(/payroll|wages/);
    expect(JSON.stringify(endpoint.asked)).toContain('orders_1_daily (id)');
  });

  it('only what changed is asked about again; its old suggestion is stale, and what was rejected stays so', async () => {
    await crawl();
    await describeOnce();
    await catalog.rows(`UPDATE description_suggestion SET status = 'rejected' WHERE column_name = 'c2'`);
    await crawl();
    expect(await describeOnce()).toMatchObject({ tables: 0, suggestions: 0 });
    expect(endpoint.asked).toHaveLength(3);
    source.edit(SyntheticSource.keyOf(1), ({ structure }) => ({
      structure: {
        ...structure,
        columns: structure.columns.map((column) => (column.name === 'c3' ? { ...column, type: 'jsonb' } : column)),
      },
    }));
    await crawl();
    await describeOnce();
    expect(endpoint.asked.slice(3).map(({ told }) => told.describe)).toEqual([{ table: true, columns: ['c3'] }]);
    expect((await suggestions('stale')).map(({ name, column }) => `${name} ${column}`)).toEqual([
      'orders_1_daily ',
      'orders_1_daily c3',
    ]);
    expect(await suggestions('rejected')).toHaveLength(3);
    // As it was before: what was suggested then holds again, and nothing needs to be asked.
    uncomment(1);
    await crawl();
    await describeOnce();
    expect(endpoint.asked).toHaveLength(4);
    expect(await suggestions()).toHaveLength(6);
  });

  it('a comment at the source, or words of a person, leave nothing to ask', async () => {
    await crawl();
    const [table] = await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE name = 'orders_0_daily'`);
    await catalog.rows(
      `INSERT INTO annotation (entity_id, column_name, description) VALUES (?, '', 'Ours'), (?, 'c2', 'Ours too')`,
      [table?.id, table?.id],
    );
    await describeOnce();
    // Several tables are asked about at once, so any may come first.
    expect(endpoint.asked.filter(({ told }) => told.describe.table === false).map(({ told }) => told.describe)).toEqual(
      [{ table: false, columns: ['c3'] }],
    );
    source.edit(SyntheticSource.keyOf(2), () => ({ comment: 'Now the source says it' }));
    await crawl();
    await describeOnce();
    expect(endpoint.asked).toHaveLength(3);
    expect(await suggestions('stale')).toMatchObject([{ name: 'orders_2_daily', column: '' }]);
  });

  it('nothing is asked for crawlers that were not turned on, nor once they are turned off', async () => {
    await catalog.rows('UPDATE crawler SET ai_descriptions = false');
    await crawl();
    expect(await describeOnce()).toMatchObject({ next: 'rest', tables: 0 });
    await catalog.rows('UPDATE crawler SET ai_descriptions = true');
    await crawl();
    endpoint.behave({ status: 503 });
    await describeOnce();
    await catalog.rows('UPDATE crawler SET ai_descriptions = false');
    await passTime();
    const before = endpoint.asked.length;
    expect(await describeOnce()).toMatchObject({ next: 'rest' });
    expect(endpoint.asked).toHaveLength(before);
    expect(await queueLength(own.database)).toMatchObject({ waiting: 0 });
  });

  it('a table of many columns is asked about in several requests', async () => {
    source.edit(SyntheticSource.keyOf(0), ({ structure }) => ({
      structure: {
        ...structure,
        columns: Array.from({ length: 60 }, (_, place) => ({
          name: `field_${place}`,
          ordinal: place + 1,
          type: 'text',
          nullable: true,
        })),
      },
    }));
    await catalog.rows(`UPDATE description_model SET concurrency = 1`);
    await crawl();
    expect(await describeOnce()).toMatchObject({ tables: 3, suggestions: 61 + 6 });
    const wide = endpoint.asked.filter(({ told }) => told.table === 'orders_0_daily');
    expect(wide.map(({ told }) => [told.describe.table, told.describe.columns.length])).toEqual([
      [true, 25],
      [false, 25],
      [false, 10],
    ]);
  });
});

describe('what another model, or language, suggested', () => {
  it('is counted and asked about anew when somebody says so; what was decided on is not, and each stands until then', async () => {
    await crawl();
    await describeOnce();
    expect(await countOutdated(own.database)).toEqual({ tables: 0, suggestions: 0, tokens: 0 });
    await catalog.rows(`UPDATE description_suggestion SET status = 'accepted' WHERE column_name = 'c2'`);
    await catalog.rows(
      `UPDATE description_suggestion s SET status = 'rejected' FROM entity e
        WHERE e.id = s.entity_id AND e.name = 'orders_0_daily' AND s.column_name = 'c3'`,
    );
    await configure({ language: 'Deutsch' });
    const [{ spent } = { spent: 0 }] = await catalog.rows<{ spent: number }>(
      'SELECT sum(prompt_tokens + completion_tokens)::int AS spent FROM description_answer',
    );
    const outdated = { tables: 3, suggestions: 5, tokens: spent };
    expect(await countOutdated(own.database)).toEqual(outdated);
    expect(await countOutdated(own.database, randomUUID())).toMatchObject({ tables: 0 });
    await crawl();
    expect(await describeOnce()).toMatchObject({ tables: 0 });

    expect(await askOutdatedAgain(own.database)).toEqual(outdated);
    expect(await suggestions()).toHaveLength(5);
    expect(await countOutdated(own.database)).toMatchObject({ suggestions: 0 });
    endpoint.behave({
      say: (asked) => JSON.parse(JSON.stringify(describeTold(asked)).replaceAll('"description":"', '$&Neu: ')),
    });
    await describeOnce();
    expect(
      endpoint.asked
        .slice(3)
        .map(({ told }) => `${told.table} ${told.describe.table} ${told.describe.columns}`)
        .sort(),
    ).toEqual(['orders_0_daily true ', 'orders_1_daily true c3', 'orders_2_daily true c3']);
    const anew = await suggestions();
    expect(anew).toHaveLength(5);
    expect(anew.every(({ description }) => description?.startsWith('Neu: '))).toBe(true);
    expect(await suggestions('accepted')).toHaveLength(3);
    expect(await suggestions('rejected')).toHaveLength(1);
    expect(await countOutdated(own.database)).toMatchObject({ suggestions: 0 });
  });

  it('stays where the new answer is refused, and is not asked for again by itself', async () => {
    await crawl();
    await describeOnce();
    const before = await suggestions();
    await configure({ language: 'Deutsch' });
    await askOutdatedAgain(own.database);
    endpoint.behave({ say: 'not JSON at all' });
    expect(await describeOnce()).toMatchObject({ next: 'rest', suggestions: 0 });
    expect(await suggestions()).toEqual(before);
    expect(endpoint.asked).toHaveLength(6);
    expect(await countOutdated(own.database)).toMatchObject({ suggestions: 9 });
  });
});

describe('the run that brought it', () => {
  it('tells how far the describing is, with what failed and what it took, and its log says the end', async () => {
    await crawl();
    const [{ id: runId } = { id: '' }] = await catalog.rows<{ id: string }>('SELECT id FROM crawl_run');
    expect(await describingOfRun(own.database, runId)).toMatchObject({ due: true, waiting: 0, requests: 0 });
    endpoint.behave(({ told }) =>
      told.table === 'orders_0_daily'
        ? { status: 400, body: { error: { code: 'context_length_exceeded', message: 'Too long' } } }
        : 'describe',
    );
    await describeOnce();
    const { tokens } = await usageOfToday(own.database);
    expect(await describingOfRun(own.database, runId)).toEqual({
      due: false,
      waiting: 0,
      done: 2,
      failed: [
        { code: 'TABLE_TOO_LARGE_FOR_MODEL', message: expect.any(String), remedy: expect.any(String), tables: 1 },
      ],
      requests: 3,
      failures: 1,
      suggestions: 6,
      refused: 0,
      tokens,
    });
    const lines = await catalog.rows<{ message: string }>(`SELECT message FROM run_log WHERE step = 'describe'`);
    expect(lines.map(({ message }) => message)).toEqual([
      `Descriptions: 2 tables seen to, 6 suggestions; 1 tables given up (TABLE_TOO_LARGE_FOR_MODEL); 3 requests and ${tokens} tokens`,
    ]);
    await crawl();
    const [{ id: next } = { id: '' }] = await catalog.rows<{ id: string }>(
      'SELECT id FROM crawl_run ORDER BY number DESC LIMIT 1',
    );
    expect(await describingOfRun(own.database, next)).toBeUndefined();
  });
});

describe('a model that does not do well', () => {
  it('is left alone for as long as it says, and asked about the same again then', async () => {
    await catalog.rows(`UPDATE description_model SET concurrency = 1`);
    await crawl();
    endpoint.next({ status: 429, headers: { 'retry-after': '90' } });
    const { next, waitMs } = await describeOnce();
    expect(next).toBe('later');
    expect(waitMs).toBeGreaterThan(80_000);
    expect(waitMs).toBeLessThanOrEqual(90_000);
    expect(await describeOnce()).toMatchObject({ next: 'later' });
    expect(endpoint.asked).toHaveLength(1);
    expect(await readModelState(own.database)).toMatchObject({
      waitsFor: 'retry',
      lastFailure: { code: 'MODEL_BUSY', remedy: expect.any(String), at: expect.any(String) },
    });
    await passTime();
    expect(await describeOnce()).toMatchObject({ tables: 3, next: 'rest' });
    expect((await usageOfToday(own.database)).failures).toBe(1);
  });

  it('is left alone also where an answer comes after it said so, to what was asked before', async () => {
    await crawl();
    let second = false;
    endpoint.behave(() => {
      second = !second;
      return second ? { say: describeTold } : { status: 429, headers: { 'retry-after': '90' } };
    });
    await describeOnce();
    await noteAnswered(own.database, {});
    expect((await describeOnce()).waitMs).toBeGreaterThan(80_000);
  });

  it('waits twice as long after each failure in a row, and no longer after it answered', async () => {
    await catalog.rows(`UPDATE description_model SET concurrency = 1`);
    await crawl();
    endpoint.behave({ status: 500 });
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      waits.push((await describeOnce()).waitMs);
      await passTime();
    }
    expect(waits.map((ms) => Math.round(ms / 1_000))).toEqual([5, 10, 20]);
    endpoint.behave('describe');
    await describeOnce();
    const [row] = await catalog.rows(
      'SELECT failures_in_a_row AS failures, waits_until AS until FROM description_model',
    );
    expect(row).toEqual({ failures: 0, until: null });
  });

  it.each([
    ['a wrong key', { apiKey: 'sk-wrong' }, 'MODEL_KEY_REFUSED'],
    ['a model there is not', { model: 'gone' }, 'MODEL_NOT_FOUND'],
  ])('stops at %s until somebody mends it, and tells why without the key', async (_what, wrong, code) => {
    await configure(wrong);
    await crawl();
    expect(await describeOnce()).toMatchObject({ next: 'rest', tables: 0 });
    expect(await describeOnce()).toMatchObject({ next: 'rest' });
    const asked = endpoint.asked.length;
    expect(asked).toBeLessThanOrEqual(2);
    const { stoppedBecause } = await readModelState(own.database);
    expect(stoppedBecause).toMatchObject({ code, remedy: expect.stringContaining('resume') });
    expect(JSON.stringify(stoppedBecause)).not.toContain('sk-wrong');
    await configure({ apiKey: MODEL_KEY, model: 'fake-model' });
    await passTime();
    expect(await describeOnce()).toMatchObject({ tables: 3, next: 'rest' });
  });

  it('has what it says refused object by object, asked again a few times, and never kept as text', async () => {
    await catalog.rows(`UPDATE description_model SET concurrency = 1`);
    await crawl();
    endpoint.behave({
      say: (asked) => ({
        table: { description: '<script>alert(1)</script>' },
        columns: [
          { name: 'c2', description: 'Good for c2.' },
          { name: 'nobody asked', description: 'Good' },
        ],
        ...(asked.told.table === 'orders_2_daily' ? describeTold(asked) : {}),
      }),
    });
    await describeOnce();
    const refused = await suggestions('refused');
    expect(refused.map(({ name, column, because, attempts }) => [name, column, because, attempts])).toEqual([
      ['orders_0_daily', '', 'HTML', 3],
      ['orders_0_daily', 'c3', 'MISSING', 3],
      ['orders_1_daily', '', 'HTML', 3],
      ['orders_1_daily', 'c3', 'MISSING', 3],
    ]);
    expect(refused.every(({ description }) => description === null)).toBe(true);
    expect((await suggestions()).map(({ name, column }) => `${name} ${column}`)).toEqual([
      'orders_0_daily c2',
      'orders_1_daily c2',
      'orders_2_daily ',
      'orders_2_daily c2',
      'orders_2_daily c3',
    ]);
    expect((await usageOfToday(own.database)).refused).toEqual({ HTML: 6, MISSING: 6, WRONG_NAME: 10 });
    const [kept] = await catalog.rows(
      `SELECT count(*)::int AS n FROM description_suggestion WHERE description ~ 'script'`,
    );
    expect(kept).toEqual({ n: 0 });
    expect(await queueLength(own.database)).toMatchObject({ waiting: 0, failed: 0 });
  });

  it.each(['not JSON at all', '', '[]', '{"columns": 7}'])(
    'is asked three times and no more where it says %j',
    async (say) => {
      endpoint.behave({ say });
      await crawl();
      expect(await describeOnce()).toMatchObject({ next: 'rest', suggestions: 0 });
      expect(endpoint.asked).toHaveLength(9);
      expect(await suggestions('refused')).toHaveLength(9);
      await crawl();
      await describeOnce();
      expect(endpoint.asked).toHaveLength(9);
    },
  );

  it('whose context is too short gives that table up and goes on with the others', async () => {
    endpoint.behave(({ told }) =>
      told.table === 'orders_0_daily'
        ? { status: 400, body: { error: { code: 'context_length_exceeded', message: 'Too long' } } }
        : 'describe',
    );
    await crawl();
    expect(await describeOnce()).toMatchObject({ tables: 2, next: 'rest' });
    expect(await queueLength(own.database)).toMatchObject({ waiting: 0, failed: 1 });
    endpoint.behave('describe');
    await beginAgain(own.database);
    expect(await describeOnce()).toMatchObject({ tables: 1 });
  });

  it('that stalls, or drops the connection, counts as spent and is asked again', async () => {
    await catalog.rows(`UPDATE description_model SET concurrency = 1, timeout_seconds = 1`);
    await crawl();
    endpoint.next('stall');
    expect(await describeOnce()).toMatchObject({ next: 'later' });
    const { tokens } = await usageOfToday(own.database);
    expect(tokens).toBeGreaterThan(0);
    await passTime();
    endpoint.next('drop');
    expect(await describeOnce()).toMatchObject({ next: 'later' });
    expect((await usageOfToday(own.database)).tokens).toBeGreaterThan(tokens);
    await passTime();
    expect(await describeOnce()).toMatchObject({ next: 'rest', tables: 3 });
    expect(await suggestions()).toHaveLength(9);
  });
});

describe('the budget', () => {
  it('of a day is counted before it is spent; what it does not hold waits for the next day', async () => {
    await catalog.rows(`UPDATE description_model SET concurrency = 3`);
    await configure({ tokensPerDay: 20_000 });
    await catalog.rows(`INSERT INTO description_usage (day, tokens) VALUES ((now() AT TIME ZONE 'UTC')::date, 18200)`);
    await crawl();
    const done = await describeOnce();
    expect(done.next).toBe('later');
    const midnight = new Date().setUTCHours(24, 0, 0, 0);
    expect(Math.abs(Date.now() + done.waitMs - midnight)).toBeLessThan(10_000);
    expect(await readModelState(own.database)).toMatchObject({ waitsFor: 'budget' });
    expect([1, 2]).toContain(done.tables);
    expect((await usageOfToday(own.database)).tokens).toBeLessThanOrEqual(20_000);
    expect((await queueLength(own.database)).waiting).toBeGreaterThan(0);
    // More was allowed: nobody has to wait for midnight.
    await configure({ tokensPerDay: 100_000 });
    expect(await describeOnce()).toMatchObject({ next: 'rest' });
    expect(await suggestions()).toHaveLength(9);
  });

  it('of requests a minute spaces them, over all workers', async () => {
    await configure({ requestsPerMinute: 60, concurrency: 3 });
    await crawl();
    await describeOnce();
    const times = endpoint.asked.map(({ at }) => at).sort();
    expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(1_800);
  });
});

it('a pause lets nothing more be asked, and going on finishes the rest', async () => {
  await catalog.rows(`UPDATE description_model SET concurrency = 1`);
  await crawl();
  endpoint.behave((asked) => {
    if (endpoint.asked.length === 1) void setModelPaused(own.database, true);
    return { say: () => describeTold(asked) };
  });
  await configure({ requestsPerMinute: 120 });
  expect(await describeOnce()).toMatchObject({ next: 'rest', tables: 1 });
  expect(endpoint.asked).toHaveLength(1);
  await beginAgain(own.database);
  expect(await describeOnce()).toMatchObject({ next: 'rest', tables: 2 });
});

describe('a trial', () => {
  const trial = () => beginTrial(own.database, { id: 't1', status: 'waiting', startedAt: '', model: 'fake-model' });
  const run = () => new MockActivityEnvironment().run(createTryModel(catalog.context), { trialId: 't1' });

  it('tells of a made-up table, and keeps the answer', async () => {
    await trial();
    expect(await run()).toEqual({ succeeded: true });
    expect((await readModelState(own.database)).trial).toMatchObject({
      status: 'succeeded',
      tokens: expect.any(Number),
      description: 'Keeps the records that book_loans is about.',
    });
  });

  it.each([
    [{ status: 500 } as const, 'MODEL_FAILED'],
    [{ say: 'no JSON' } as const, 'MODEL_ANSWER_UNFIT'],
    ['drop' as const, 'MODEL_CONNECTION_LOST'],
  ])('names what went wrong with %j', async (behaviour, code) => {
    await trial();
    endpoint.behave(behaviour);
    expect(await run()).toEqual({ succeeded: false });
    expect((await readModelState(own.database)).trial).toMatchObject({
      status: 'failed',
      failure: { code, remedy: expect.any(String) },
    });
  });
});
