import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Actor } from '../../access/actor.js';
import { searchMarks } from '../../access/visibility.js';
import { type Database, openDatabase } from '../../db/database.js';
import { query } from '../../db/query.js';
import { nodesOfEntities } from '../../lineage/store/nodes.js';
import { replaceEdges } from '../../lineage/store/record-edges.js';
import { drainOutbox } from '../../search/outbox.js';
import { type SearchIndex, SearchUnavailable } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { testDatabase } from '../servers/test-database.js';
import { type SampleCatalog, sampleCatalog } from './sample-catalog.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let database: Database;
let index: SearchIndex;
let sample: SampleCatalog;

beforeAll(async () => {
  catalog = await testDatabase();
  database = catalog.database;
  index = createPostgresqlIndex(database);
});
afterAll(() => catalog.drop());
beforeEach(async () => {
  await database.raw('TRUNCATE search_outbox, search_document, search_group, search_term, entity CASCADE');
  sample = await sampleCatalog(database);
});

const names = async (text = '', visibleTo: readonly string[] | 'everything' = 'everything') => {
  const { hits } = await index.search({ text, filters: {}, visibleTo, facets: [], limit: 100 });
  return hits.map(({ document }) => document.name).sort();
};
const find = async (text: string) => {
  const { hits } = await index.search({ text, filters: {}, visibleTo: 'everything', facets: [], limit: 100 });
  return hits.map(({ document }) => document);
};
const waiting = async () => {
  const { rows } = await database.raw<{ rows: { n: number }[] }>('SELECT count(*)::integer AS n FROM search_outbox');
  return rows[0]?.n;
};

test('a drain makes what changed searchable, with all that a hit shows', async () => {
  const id = await sample.addTable('orders', [{ name: 'id' }, { name: 'customer_email', comment: 'Receipt address' }]);
  await sample.enqueue(id);
  expect(await drainOutbox(database, index)).toEqual({ drained: 1, remaining: false });
  const { hits } = await index.search({
    text: 'customer email',
    filters: {},
    visibleTo: 'everything',
    facets: [],
    limit: 10,
  });
  expect(hits[0]?.document).toMatchObject({
    id,
    name: 'orders',
    kind: 'table',
    schema: 'public',
    columnNames: ['id', 'customer_email'],
    columnComments: ['', 'Receipt address'],
    workspaceId: sample.workspaceId,
    crawlerId: sample.crawlerId,
    visibleTo: String(sample.collectedDatabaseId),
  });
  expect(hits[0]?.document.qualifiedName).toMatch(/^shop_\w+\.public\.orders$/);
});

test('of equally good matches the one that more tables come from stands first, before a shorter name', async () => {
  const [plain = '', used = '', ...fed] = await Promise.all(
    ['daily_a', 'daily_bb', 'fed_1', 'fed_2', 'fed_3'].map((name) => sample.addTable(name)),
  );
  await sample.enqueue(plain, used);
  await drainOutbox(database, index);
  expect((await find('daily')).map(({ id, hasLineage }) => [id, hasLineage])).toEqual([
    [plain, false],
    [used, false],
  ]);
  const nodes = await nodesOfEntities(database, [used, ...fed]);
  const [process] = await query<{ id: string }>(
    database,
    `INSERT INTO lineage_process (kind, key, state) VALUES ('query', ?, 'parsed') RETURNING id`,
    [randomUUID()],
  );
  const node = (id: string) => nodes.get(id) ?? '';
  await replaceEdges(
    database,
    [process?.id ?? ''],
    fed.map((id) => ({
      processId: process?.id ?? '',
      upstream: node(used),
      downstream: node(id),
      direct: true,
      columns: [],
    })),
  );
  await drainOutbox(database, index);
  expect((await find('daily')).map(({ id, hasLineage }) => [id, hasLineage])).toEqual([
    [used, true],
    [plain, false],
  ]);
});

test('the visibility of the database decides who finds its tables, from the next search on', async () => {
  const id = await sample.addTable('orders');
  await sample.enqueue(id);
  await drainOutbox(database, index);
  const person = (...workspaces: string[]): Actor => ({
    personId: randomUUID(),
    email: 'someone@example.com',
    name: 'Someone',
    tenantRole: 'member',
    workspaces: new Map(workspaces.map((workspace) => [workspace, 'viewer'])),
    workspaceNames: new Map(),
  });
  const found = async (actor: Actor) => names('orders', await searchMarks(database, actor));
  const set = (change: string) =>
    database.raw(`UPDATE collected_database SET ${change} WHERE id = ?`, [sample.collectedDatabaseId]);
  const [member, outsider, admin] = [
    person(sample.workspaceId),
    person(),
    { ...person(), tenantRole: 'admin' as const },
  ];
  expect([await found(outsider), await found(member), await found(admin)]).toEqual([[], ['orders'], ['orders']]);
  await set(`visibility = 'tenant'`);
  expect(await found(outsider)).toEqual(['orders']);
  await set(`visibility = 'workspace'`);
  expect(await found(outsider)).toEqual([]);
  await set('retiring_at = now()');
  expect([await found(member), await found(admin)]).toEqual([[], []]);
});

test('what is removed in the catalog, or no longer there at all, leaves the index', async () => {
  const tombstone = await sample.addTable('tombstone');
  const deleted = await sample.addTable('deleted');
  await sample.enqueue(tombstone, deleted);
  await drainOutbox(database, index);
  expect(await names()).toEqual(['deleted', 'tombstone']);
  await database.raw('UPDATE entity SET removed_at = now() WHERE id = ?', [tombstone]);
  await database.raw('DELETE FROM entity WHERE id = ?', [deleted]);
  await sample.enqueue(tombstone, deleted);
  await drainOutbox(database, index);
  expect(await names()).toEqual([]);
});

test('a drain takes the oldest rows first, says whether more remain, and keeps to one crawler when told', async () => {
  const other = await sampleCatalog(database);
  const mine = await Promise.all(['a1', 'a2', 'a3'].map((name) => sample.addTable(name)));
  await other.enqueue(await other.addTable('other'));
  await sample.enqueue(...mine);
  expect(await drainOutbox(database, index, { crawlerId: sample.crawlerId, limit: 2 })).toEqual({
    drained: 2,
    remaining: true,
  });
  expect(await drainOutbox(database, index, { crawlerId: sample.crawlerId, limit: 2 })).toEqual({
    drained: 1,
    remaining: false,
  });
  expect(await names()).toEqual(['a1', 'a2', 'a3']);
  expect(await drainOutbox(database, index)).toEqual({ drained: 1, remaining: false });
  expect(await names()).toContain('other');
});

test('many rows of one entity are one document, as it stands now', async () => {
  const id = await sample.addTable('first_name');
  await sample.enqueue(id, id, id);
  await database.raw(`UPDATE entity SET name = 'last_name' WHERE id = ?`, [id]);
  const write = vi.spyOn(index, 'write');
  expect(await drainOutbox(database, index)).toEqual({ drained: 3, remaining: false });
  expect(write.mock.calls[0]?.[0].put.map(({ name }) => name)).toEqual(['last_name']);
  write.mockRestore();
});

test('an index that fails costs nothing: the rows stay and are drained later', async () => {
  await sample.enqueue(await sample.addTable('patient'));
  const failing: SearchIndex = { ...index, write: () => Promise.reject(new SearchUnavailable('The engine is down.')) };
  await expect(drainOutbox(database, failing)).rejects.toThrow(SearchUnavailable);
  expect(await waiting()).toBe(1);
  expect(await drainOutbox(database, index)).toEqual({ drained: 1, remaining: false });
  expect(await names()).toEqual(['patient']);
});

test('rows that arrive during a drain are left for the next', async () => {
  const id = await sample.addTable('before');
  await sample.enqueue(id);
  const slow: SearchIndex = {
    ...index,
    write: async (batch) => {
      await index.write(batch);
      await database.raw(`UPDATE entity SET name = 'after' WHERE id = ?`, [id]);
      await sample.enqueue(id);
    },
  };
  await drainOutbox(database, slow);
  expect(await names()).toEqual(['before']);
  expect(await drainOutbox(database, index)).toEqual({ drained: 1, remaining: false });
  expect(await names()).toEqual(['after']);
});

describe('with several drainers', () => {
  test('every row is drained once and the last state stands', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, (_, n) => sample.addTable(`table_${n}`)));
    await sample.enqueue(...ids, ...ids);
    const second = openDatabase(catalog.url, { name: 'second-drainer' });
    try {
      const drainAll = async (handle: Database) => {
        let drained = 0;
        for (;;) {
          const result = await drainOutbox(handle, createPostgresqlIndex(handle), { limit: 7 });
          drained += result.drained;
          if (!result.remaining) return drained;
        }
      };
      const drained = await Promise.all([drainAll(database), drainAll(second), drainAll(database)]);
      expect(drained.reduce((sum, n) => sum + n, 0)).toBe(60);
      expect(await waiting()).toBe(0);
      expect(await names()).toHaveLength(30);
    } finally {
      await second.destroy();
    }
  });

  test('no transaction is open while the engine works', async () => {
    await sample.enqueue(await sample.addTable('slow'));
    let open: number | undefined;
    const stalling: SearchIndex = {
      ...index,
      write: async () => {
        const { rows } = await database.raw<{ rows: { n: number }[] }>(
          `SELECT count(*)::integer AS n FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'`,
        );
        open = rows[0]?.n;
      },
    };
    await drainOutbox(database, stalling);
    expect(open).toBe(0);
  });

  test('one that lost its turn during a write has its entities drained once more, since its write may have come late', async () => {
    const id = await sample.addTable('stale');
    await sample.enqueue(id);
    const overtaken: SearchIndex = {
      ...index,
      write: async (batch) => {
        await database.raw(
          `SELECT pg_terminate_backend(pid) FROM pg_locks
           WHERE locktype = 'advisory' AND objid = 7302 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        await database.raw(`UPDATE entity SET name = 'current' WHERE id = ?`, [id]);
        expect(await drainOutbox(database, index)).toEqual({ drained: 1, remaining: false });
        await index.write(batch);
      },
    };
    await expect(drainOutbox(database, overtaken)).rejects.toThrow();
    expect(await names()).toEqual(['stale']);
    expect(await waiting()).toBe(1);
    await drainOutbox(database, index);
    expect(await names()).toEqual(['current']);
  });

  test('one that is told to stop while it waits for its turn stops', async () => {
    await sample.enqueue(await sample.addTable('waiting'));
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const started = vi.fn();
    const slow: SearchIndex = {
      ...index,
      write: async () => {
        started();
        await held;
      },
    };
    const first = drainOutbox(database, slow);
    await vi.waitFor(() => expect(started).toHaveBeenCalled(), { timeout: 20_000 });
    const stop = new AbortController();
    const second = drainOutbox(database, index, { signal: stop.signal });
    stop.abort();
    expect(await second).toEqual({ drained: 0, remaining: true });
    finish();
    await first;
  });
});
