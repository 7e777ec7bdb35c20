import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listProblems } from '../../catalog/runs/problems.js';
import { MARIADB, TestSource } from '../connectors/mysql/source.js';
import { connectionTo, createSource, servers } from '../connectors/postgresql/source.js';
import { type CollectingStack, startCollectingStack } from './collecting-stack.js';

let stack: CollectingStack;
beforeAll(async () => {
  stack = await startCollectingStack();
}, 60_000);
afterAll(() => stack.stop());

/** How a run of the crawler ended, and what it says it missed, by object. */
async function outcomeOf(crawlerId: string) {
  const runId = await stack.start(crawlerId);
  const { status, counts } = await stack.ended(runId);
  const { items } = await listProblems(stack.database, runId, { limit: 100 });
  const missed = items.map(({ schema, name, code }) => ({ object: [schema, name].filter(Boolean).join('.'), code }));
  return { status, counts, missed: missed.sort((a, b) => (a.object < b.object ? -1 : 1)) };
}

const namesOf = async (database: string) => (await stack.tables(database)).map(({ name }) => name).sort();

describe.each(servers)('a run of $name', ({ url }) => {
  it('that meets broken views and a schema it may not use is partial, names each, and collects the rest', {
    timeout: 90_000,
  }, async () => {
    const source = await createSource(url);
    const role = await source.role();
    const run = (sql: string) => source.client.query(sql);
    try {
      await run(`CREATE SCHEMA sales; CREATE TABLE sales.orders (id int); CREATE TABLE sales.items (id int);
        CREATE SCHEMA stock; CREATE TABLE stock.places (id int);
        GRANT USAGE ON SCHEMA sales, stock TO ${role}`);
      const crawlerId = await stack.crawler('postgresql', connectionTo(source.url, { user: role }), [source.name]);
      expect(await outcomeOf(crawlerId)).toMatchObject({ status: 'succeeded', counts: { added: 3 }, missed: [] });

      await run(`REVOKE USAGE ON SCHEMA sales FROM ${role}; DROP TABLE sales.items;
        CREATE FUNCTION stock.f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
        CREATE VIEW stock.damaged AS SELECT stock.f() AS n; CREATE VIEW stock.dented AS SELECT stock.f() + 1 AS n;
        CREATE VIEW stock.whole AS SELECT 2 AS n;
        DELETE FROM pg_proc WHERE proname = 'f' AND pronamespace = 'stock'::regnamespace`);
      const missed = [
        { object: 'sales', code: 'PERMISSION_DENIED' },
        { object: 'stock.damaged', code: 'VIEW_UNREADABLE' },
        { object: 'stock.dented', code: 'VIEW_UNREADABLE' },
      ];
      // What is not mended is named by every run.
      for (const added of [3, 0]) {
        expect(await outcomeOf(crawlerId)).toMatchObject({ status: 'partial', counts: { added, removed: 0 }, missed });
        expect(await namesOf(source.name)).toEqual(['damaged', 'dented', 'items', 'orders', 'places', 'whole']);
      }

      await run(`GRANT USAGE ON SCHEMA sales TO ${role}; DROP VIEW stock.damaged, stock.dented`);
      expect(await outcomeOf(crawlerId)).toMatchObject({ status: 'succeeded', counts: { removed: 3 }, missed: [] });
      expect(await namesOf(source.name)).toEqual(['orders', 'places', 'whole']);
    } finally {
      await source.drop();
    }
  });
});

describe.skipIf(MARIADB === '')('a run of MariaDB', () => {
  it('that meets broken views is partial, names each, and is whole once they are mended', {
    timeout: 90_000,
  }, async () => {
    const source = await TestSource.create();
    try {
      await source.run(`CREATE TABLE kept (id int); CREATE TABLE lost (id int);
        CREATE VIEW bereft AS SELECT id FROM lost; CREATE VIEW orphan AS SELECT id + 1 AS n FROM lost; DROP TABLE lost`);
      const crawlerId = await stack.crawler('mysql', source.connection(), [source.database]);
      const missed = [
        { object: 'bereft', code: 'BROKEN_VIEW' },
        { object: 'orphan', code: 'BROKEN_VIEW' },
      ];
      expect(await outcomeOf(crawlerId)).toMatchObject({ status: 'partial', counts: { added: 3 }, missed });
      expect(await outcomeOf(crawlerId)).toMatchObject({ status: 'partial', counts: { added: 0, changed: 0 }, missed });

      await source.run('CREATE TABLE lost (id int)');
      expect(await outcomeOf(crawlerId)).toMatchObject({ status: 'succeeded', counts: { changed: 2 }, missed: [] });
      const views = (await stack.tables(source.database)).filter(({ type }) => type === 'VIEW');
      expect(views.map(({ structure }) => structure.columns.map(({ name }) => name))).toEqual(
        expect.arrayContaining([['id'], ['n']]),
      );
    } finally {
      await source.drop();
    }
  });
});
