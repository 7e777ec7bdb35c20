import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readModelSettings, updateModelSettings } from '../../catalog/describing/model-settings.js';
import { query } from '../../db/query.js';
import { MODEL_KEY, type ModelEndpoint, modelEndpoint } from '../fakes/model-endpoint.js';
import { type MortalStack, startMortalStack } from './mortal-stack.js';

const TABLES = 40;
const LANES = 2;

let stack: MortalStack;
let endpoint: ModelEndpoint;
beforeAll(async () => {
  endpoint = await modelEndpoint();
  stack = await startMortalStack();
}, 90_000);
afterAll(async () => {
  await stack.stop();
  await endpoint.stop();
});

it('a worker killed while a model is asked: another one goes on, nothing is suggested twice, and what was asked in vain is counted', async () => {
  const { database } = stack;
  const killed = await stack.startWorker({ synthetic: { tables: TABLES, pageMs: 0 } });
  const crawler = await stack.crawler(['shop']);
  await crawler.ended(await crawler.start());
  // What the source says of tables, but not of columns, is taken away, so that there is something to ask.
  await database.raw(`UPDATE entity SET comment = NULL WHERE kind = 'table'`);
  await database.raw(`UPDATE crawler SET ai_descriptions = true`);
  await database.raw(`INSERT INTO description_due (crawler_id) SELECT id FROM crawler`);
  const { version } = await readModelSettings(database);
  await updateModelSettings(database, stack.secretKey, {
    version,
    url: endpoint.url,
    model: 'fake-model',
    apiKey: MODEL_KEY,
    requestsPerMinute: 300,
    concurrency: LANES,
    tokensPerDay: null,
    enabled: true,
  });
  await stack.orchestrator.describeTables();
  await vi.waitFor(() => expect(endpoint.asked.length).toBeGreaterThan(8), { timeout: 30_000, interval: 20 });
  // The requests of this moment are never answered: their worker dies of it.
  const asked = endpoint.asked.length;
  endpoint.behave('stall');
  await vi.waitFor(() => expect(endpoint.asked.length).toBeGreaterThanOrEqual(asked + 1), {
    timeout: 30_000,
    interval: 5,
  });
  await killed.end('SIGKILL');
  endpoint.behave('describe');
  await stack.startWorker({ synthetic: { tables: TABLES, pageMs: 0 } });
  await vi.waitFor(
    async () => {
      const [counted] = await query(
        database,
        `SELECT count(*)::int AS suggestions, count(DISTINCT entity_id)::int AS tables FROM description_suggestion`,
      );
      expect(counted).toEqual({ suggestions: TABLES, tables: TABLES });
    },
    { timeout: 90_000, interval: 200 },
  );
  expect(endpoint.asked.length).toBeLessThanOrEqual(TABLES + 2 * LANES);
  const [row] = await query<{ counted: number; spent: number }>(
    database,
    `SELECT (SELECT tokens::int FROM description_usage) AS counted,
            sum(prompt_tokens + completion_tokens)::int AS spent
       FROM description_answer`,
  );
  expect(row?.counted).toBeGreaterThan(row?.spent ?? 0);
}, 180_000);
