import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ConnectorError } from '../../connectors/contract.js';
import { scheduleId } from '../../workflows/contract.js';
import type { Answer } from '../api/declared-shapes.js';
import { keepHistory, openAtOnce, type RunHistory } from './run-history.js';
import { startWholeProduct, type WholeProduct } from './whole-product.js';

const ROUNDS = Number(process.env['DATAMAP_TEST_ROUNDS'] ?? 20);
const RACES = Number(process.env['DATAMAP_TEST_RACES'] ?? 50);
/** For what takes a moment, on a machine that is busy. */
const PATIENT = { timeout: 20_000, interval: 50 };
const NIGHTLY = { mode: 'cycle', every: 'day', hour: 1, minute: 0, timeZone: 'UTC' };

let product: WholeProduct;
beforeAll(async () => {
  product = await startWholeProduct();
  await keepHistory(product.api.database);
});
afterAll(() => product.stop());

const call: WholeProduct['call'] = (...request) => product.call(...request);

const run = (crawlerId: string) => call('POST', `/crawlers/${crawlerId}/runs`, {});
const retry = (runId: string) => call('POST', `/runs/${runId}/retry`, {});
const remove = (crawlerId: string) => call('DELETE', `/crawlers/${crawlerId}`);

async function rescope(id: string, databases: string[]): Promise<Answer> {
  const now = await call('GET', `/crawlers/${id}`);
  return now.status === 404
    ? now
    : call('PATCH', `/crawlers/${id}`, { databases }, { 'if-match': now.headers.get('etag') ?? '' });
}

/** Has the schedule fire once, as at its time, some days ago. A crawler that is being deleted has none any more. */
async function tick(crawlerId: string, daysAgo = 0): Promise<void> {
  const due = new Date();
  due.setUTCHours(1, 0, 0, 0);
  due.setUTCDate(due.getUTCDate() - daysAgo);
  const around = (milliseconds: number) => new Date(due.getTime() + milliseconds);
  await product.client.schedule
    .getHandle(scheduleId(crawlerId))
    .backfill({ start: around(-60_000), end: around(60_000), overlap: 'ALLOW_ALL' });
}

const runsOf = (crawlerId: string) =>
  product.rows<{ id: string; trigger: string; status: string; endedAt: Date | null }>(
    'SELECT id, trigger, status, ended_at AS "endedAt" FROM crawl_run WHERE crawler_id = ?',
    crawlerId,
  );

/** Runs a crawler so that one of its two databases fails. @returns the run's id */
async function partialRun(crawlerId: string): Promise<string> {
  const whole = product.connector;
  const refused = new ConnectorError('PERMISSION_DENIED', 'sales is closed', 'Open it.');
  product.connector = {
    ...whole,
    openDatabase: async (connection, database, how) => {
      if (database === 'sales') throw refused;
      return whole.openDatabase(connection, database, how);
    },
  };
  const { id, status } = await product.runToItsEnd(crawlerId);
  product.connector = whole;
  expect(status).toBe('partial');
  return id;
}

/** Until the operation has ended; returns it. */
const ended = (operationId: string) =>
  vi.waitFor(
    async () => {
      const { body } = await call('GET', `/operations/${operationId}`);
      expect(body.endedAt).not.toBeNull();
      return body;
    },
    { timeout: 30_000, interval: 50 },
  );

/** Errors that the API has logged. */
const failures = () =>
  product.api
    .log()
    .split('\n')
    .filter((line) => line.includes('"level":50'))
    .join('\n');

/**
 * What a request for a run is answered: that it is on its way; that one is open, which the answer names; or that the
 * crawler is being deleted, or gone.
 */
function expectRunAnswer({ status, body, text }: Answer, history: RunHistory): void {
  if (status === 404) return;
  expect([202, 409], `${text} ${failures()}`).toContain(status);
  if (status === 409) expect(['RUN_OPEN', 'CRAWLER_DELETING'], text).toContain(body.code);
  if (body.code !== 'CRAWLER_DELETING') expectReal(status === 202 ? body.runId : body.run?.id, text, history);
}

/** A run that somebody is told of is the engine's: it began, unless its crawler's deletion was there first. */
function expectReal(runId: string | undefined, text: string, history: RunHistory): void {
  const statuses = history.statuses(runId);
  if (statuses.includes('running')) return;
  expect(statuses, text).toEqual(['queued', 'failed', 'deleted']);
}

describe('everything at once of one crawler', () => {
  it(`is one run at most at any moment, and each request is answered with what came of it, ${ROUNDS} times over`, async () => {
    const seen: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await product.makeCrawler(20, NIGHTLY);
      const toRetry = await partialRun(id);
      const later = <T>(milliseconds: number, work: () => Promise<T>) => delay(milliseconds).then(work);
      const [runs, retries, scopes, deletions] = await Promise.all([
        Promise.all([run(id), run(id), later(round * 10, () => run(id)), later(round * 20 + 30, () => run(id))]),
        Promise.all([retry(toRetry), later(round * 12, () => retry(toRetry))]),
        Promise.all([rescope(id, ['shop']), later(round * 15, () => rescope(id, ['shop', 'sales']))]),
        Promise.all([later(round * 20, () => remove(id)), later(round * 20, () => remove(id))]),
        tick(id),
        later(round * 8, () => tick(id).catch(() => undefined)),
      ]);
      // However many ask for it, a deletion is one operation.
      const [deletion] = deletions.map(({ status, body, text }) => {
        expect(status, text).toBe(202);
        return body.id as string;
      });
      expect(new Set(deletions.map(({ body }) => body.id))).toEqual(new Set([deletion]));
      await ended(deletion ?? '');
      const history = await openAtOnce(product.api.database, id);
      expect(history.most).toBe(1);
      for (const answer of runs) expectRunAnswer(answer, history);
      for (const answer of retries) if (answer.body.code !== 'NOTHING_TO_RETRY') expectRunAnswer(answer, history);
      for (const { status, body, text } of scopes) {
        const said = status < 300 ? status : `${status} ${body.code}`;
        expect(
          [200, 202, '409 CRAWLER_DELETING', '409 DATABASE_TAKEN', '412 VERSION_CONFLICT', '404 NOT_FOUND'],
          text,
        ).toContain(said);
        // What leaves is an operation of its own, which the deletion may have taken over.
        if (status !== 202) continue;
        const operation = await ended(body.operation.id);
        expect(['done', 'superseded'], text).toContain(operation.status);
      }
      for (const { status, body } of [...runs, ...retries, ...scopes]) {
        const said = status < 300 ? `${status}` : `${status} ${body.code}`;
        seen[said] = (seen[said] ?? 0) + 1;
      }
      expect(await product.rows('SELECT 1 FROM crawl_run WHERE crawler_id = ?', id)).toEqual([]);
      expect(await product.rows('SELECT 1 FROM crawler WHERE id = ?', id)).toEqual([]);
    }
    console.info(seen);
    expect(Object.keys(seen)).toEqual(expect.arrayContaining(['202', '409 RUN_OPEN', '409 CRAWLER_DELETING']));
  }, 300_000);
});

describe('a tick and a run by hand at the same moment', () => {
  it(`are one run, and the other is skipped or refused with that run, ${RACES} times over`, async () => {
    const { id } = await product.makeCrawler(1, NIGHTLY);
    const usual = product.connector;
    const won = { manual: 0, schedule: 0 };
    for (let round = 0; round < RACES; round += 1) {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      product.connector = {
        ...usual,
        openDatabase: async (...args) => {
          await held;
          return usual.openDatabase(...args);
        },
      };
      const known = (await runsOf(id)).map((one) => one.id);
      const news = async () => (await runsOf(id)).filter((one) => !known.includes(one.id));
      try {
        const wait = (round % 10) * 40;
        const [answer] = await Promise.all([
          delay(round % 2 === 0 ? wait : 0).then(() => run(id)),
          delay(round % 2 === 0 ? 0 : wait).then(() => tick(id, round)),
        ]);
        // The tick has come to something, and whichever run there is has not ended.
        await vi.waitFor(async () => expect((await news()).map((one) => one.trigger)).toContain('schedule'), PATIENT);
        const [began, ...more] = (await news()).filter(({ status }) => status !== 'skipped');
        expect(more, answer.text).toEqual([]);
        const skipped = (await news()).filter(({ status }) => status === 'skipped').map(({ trigger }) => trigger);
        if (answer.status === 202) {
          expect(began, answer.text).toMatchObject({ id: answer.body.runId, trigger: 'manual' });
          expect(skipped).toEqual(['schedule']);
          won.manual += 1;
        } else {
          expect(answer).toMatchObject({ status: 409, body: { code: 'RUN_OPEN', run: { id: began?.id } } });
          expect(began?.trigger).toBe('schedule');
          expect(skipped).toEqual([]);
          won.schedule += 1;
        }
      } finally {
        release();
      }
      await vi.waitFor(
        async () => expect((await runsOf(id)).every(({ endedAt }) => endedAt !== null)).toBe(true),
        PATIENT,
      );
    }
    console.info(won);
    expect(won.manual * won.schedule).toBeGreaterThan(0);
    expect((await openAtOnce(product.api.database, id)).most).toBe(1);
  }, 400_000);
});
