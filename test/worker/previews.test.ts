import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPerson } from '../../access/people.js';
import {
  createPreview,
  dropExpiredPreviews,
  finishPreview,
  getPreview,
  takePreview,
} from '../../catalog/preview/previews.js';
import { openRows } from '../../catalog/preview/seal-rows.js';
import { dataPreviewId } from '../../workflows/contract.js';
import { createSource, type Source, servers } from '../connectors/postgresql/source.js';
import { type PlannedCatalog, plansUnderTest } from './plans-under-test.js';

const KEY = Buffer.alloc(32);
let stack: Awaited<ReturnType<typeof plansUnderTest>>;
let source: Source;
let catalog: PlannedCatalog;
let entityId: string;
let personId: string;

beforeAll(async () => {
  stack = await plansUnderTest();
  source = await createSource(servers[0]?.url ?? '');
  await source.client.query(`
    CREATE TABLE public.customers (id int, note text, contact text);
    INSERT INTO public.customers VALUES (1, 'likes blue', 'ann@example.com'), (2, 'call 4111 1111 1111 1111', NULL)`);
  catalog = await stack.crawlerOf(source);
  await catalog.run('manual');
  const [entity] = await catalog.rows<{ id: string }>(
    `SELECT id FROM entity WHERE name = 'customers' AND collected_database_id = ?`,
    [catalog.collectedDatabaseId],
  );
  entityId = entity?.id ?? '';
  personId = (
    await createPerson(stack.database, { email: `${randomUUID()}@example.com`, name: 'Ann', tenantRole: 'member' })
  ).id;
});
afterAll(async () => {
  await source.drop();
  await stack.stop();
});

async function preview(columns?: string[]) {
  const previewId = randomUUID();
  await createPreview(stack.database, {
    previewId,
    entityId,
    requestedBy: personId,
    resourceGroupId: 'default',
    rows: 10,
    ...(columns === undefined ? {} : { columns }),
  });
  await stack.orchestrator.startPreview({ previewId, dataSourceName: 'shop', resourceGroup: 'default' });
  return previewId;
}
async function ended(previewId: string) {
  await expect
    .poll(async () => (await getPreview(stack.database, previewId, personId)).endedAt, { timeout: 20_000 })
    .not.toBeNull();
  return getPreview(stack.database, previewId, personId);
}

describe('a preview', () => {
  it('leaves masked rows, sealed, and nothing of them in the engine or in a column that can be read', async () => {
    const id = await preview();
    const { status, sealed } = await ended(id);
    expect(status).toBe('done');
    if (sealed === null) throw new Error('There are no rows');
    const rows = openRows(KEY, id, sealed);
    expect(rows.columns.map(({ masked }) => masked?.whole)).toEqual([undefined, false, true]);
    expect(rows.rows.map((row) => row.map(({ text }) => text))).toEqual([
      ['1', 'likes blue', '***'],
      ['2', 'call ***', null],
    ]);
    expect(() => openRows(KEY, randomUUID(), sealed)).toThrow();
    expect(() => openRows(Buffer.alloc(32, 1), id, sealed)).toThrow();
    const history = JSON.stringify(
      await stack.client.workflow.getHandle(dataPreviewId(id)).fetchHistory(),
      (_key, value) =>
        value?.type === 'Buffer'
          ? Buffer.from(value.data).toString()
          : value instanceof Uint8Array
            ? Buffer.from(value).toString()
            : value,
    );
    const [row] = await catalog.rows(
      "SELECT p::text AS text, encode(sealed, 'escape') AS raw FROM data_preview p WHERE id = ?",
      [id],
    );
    for (const text of [history, JSON.stringify(row)]) {
      expect(text).not.toMatch(/customers|likes blue|ann@|4111 1111/);
      expect(text.length).toBeGreaterThan(100);
    }
  });

  it('says in its row why there are none', async () => {
    expect(await ended(await preview(['nothing']))).toMatchObject({
      status: 'failed',
      sealed: null,
      error: { code: 'UNKNOWN_COLUMN', remedy: expect.any(String) },
    });
  });

  it('keeps to the quiet hours of its source', async () => {
    await catalog.rows(
      `UPDATE data_source SET limits = ? WHERE id = (SELECT data_source_id FROM collected_database WHERE id = ?)`,
      [
        JSON.stringify({
          quietHours: { from: '00:00', to: '23:59', timeZone: 'UTC' },
        }),
        catalog.collectedDatabaseId,
      ],
    );
    const quiet = await ended(await preview());
    await catalog.rows(`UPDATE data_source SET limits = '{}'`);
    expect(quiet.error?.code).toBe('QUIET_HOURS');
  });

  it('is read by nobody else, and by nobody once it expired, before upkeep deletes it', async () => {
    const id = await preview();
    await ended(id);
    await expect(getPreview(stack.database, id, randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await catalog.rows(`UPDATE data_preview SET expires_at = now() WHERE id = ?`, [id]);
    await expect(getPreview(stack.database, id, personId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await catalog.rows('SELECT 1 FROM data_preview WHERE id = ?', [id])).toHaveLength(1);
    expect(await dropExpiredPreviews(stack.database)).toBe(1);
    expect(await catalog.rows('SELECT 1 FROM data_preview WHERE id = ?', [id])).toEqual([]);
  });

  it('that expired while it was read is left without rows', async () => {
    const previewId = randomUUID();
    await createPreview(stack.database, {
      previewId,
      entityId,
      requestedBy: personId,
      resourceGroupId: 'default',
      rows: 1,
    });
    expect(await takePreview(stack.database, previewId, 'w')).toMatchObject({ table: 'customers' });
    await catalog.rows(`UPDATE data_preview SET expires_at = now() WHERE id = ?`, [previewId]);
    await finishPreview(stack.database, previewId, { sealed: Buffer.from('x'), rows: 1 });
    expect(await catalog.rows('SELECT sealed FROM data_preview WHERE id = ?', [previewId])).toEqual([{ sealed: null }]);
  });
});
