import { afterAll, beforeAll, expect, it } from 'vitest';
import { setReceiver } from '../../catalog/webhooks/openlineage-receiver.js';
import { turnOff } from '../../catalog/webhooks/webhooks.js';
import { query } from '../../db/query.js';
import { type ApiUnderTest, type People, populate, startApi } from './api-under-test.js';

let api: ApiUnderTest;
let people: People;
beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
});
afterAll(() => api.stop());

const read = async () => (await api.call('GET', '/openlineage-receiver', { as: people.tenantAdmin })).body.receiver;
const resume = () => api.call('POST', '/openlineage-receiver/resume', { as: people.tenantAdmin, body: {} });

it('Where no worker is set to tell one, there is no receiver, and nothing to go on with', async () => {
  expect(await read()).toBeNull();
  expect(await resume()).toMatchObject({ status: 200, body: { receiver: null } });
  expect(api.orchestrator.calls.tellWebhook).toBeUndefined();
});

it('A receiver that was turned off says why and what it is owed, and is told all of it when an admin turns it on again', async () => {
  const { secretKey } = api.context;
  const receiver = { url: 'https://marquez.example/api/v1/lineage', namespace: 'datamap', apiKey: 'hunter2' };
  await setReceiver(api.database, secretKey, receiver);
  const [{ id = '' } = {}] = await query<{ id: string }>(api.database, 'SELECT id FROM webhook');
  const failure = { code: 'RECEIVER_REFUSED', message: 'It answered 503', remedy: 'Look at its log.' };
  await turnOff(api.database, id, failure);
  await query(
    api.database,
    `INSERT INTO webhook_delivery (webhook_id, status, error, ended_at)
     VALUES (:id, 'delivered', NULL, '2026-11-01T10:00:00Z'), (:id, 'failed', :failure, now()), (:id, 'waiting', NULL, NULL)`,
    { id, failure: JSON.stringify(failure) },
  );
  expect(await read()).toMatchObject({
    url: 'https://marquez.example/api/v1/lineage',
    namespace: 'datamap',
    enabled: false,
    disabledBecause: failure,
    waiting: 2,
    lastDeliveredAt: '2026-11-01T10:00:00.000Z',
    error: failure,
  });
  const { body, text } = await resume();
  expect(body.receiver).toMatchObject({ enabled: true, disabledBecause: null, waiting: 2 });
  expect(text).not.toContain('hunter2');
  expect(api.orchestrator.calls.tellWebhook).toEqual([[{ webhookId: id, webhookName: 'OpenLineage' }]]);
  const statuses = await query<{ status: string }>(api.database, 'SELECT status FROM webhook_delivery ORDER BY id');
  expect(statuses.map(({ status }) => status)).toEqual(['delivered', 'waiting', 'waiting']);
});
