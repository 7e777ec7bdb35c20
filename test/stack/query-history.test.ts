import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { updateCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { query } from '../../db/query.js';
import { connectionTo, createSource, type Source, servers } from '../connectors/postgresql/source.js';
import { type CollectingStack, startCollectingStack } from './collecting-stack.js';

// Each of them collects once or more.
vi.setConfig({ testTimeout: 120_000 });

let stack: CollectingStack;
beforeAll(async () => {
  stack = await startCollectingStack();
}, 60_000);
afterAll(() => stack.stop());

describe.each(servers)('The query history of $name', ({ url }) => {
  let source: Source;
  let crawlerId: string;
  let role: string;

  beforeAll(async () => {
    source = await createSource(url);
    role = await source.role('SUPERUSER');
    await source.client.query(`
      CREATE SCHEMA sales; CREATE SCHEMA report;
      CREATE TABLE sales.orders (id int, customer_id int, amount int, placed date);
      CREATE TABLE sales.customers (id int, name text);
      CREATE TABLE report.daily (day date, customer text, total bigint);
      CREATE TABLE report.archive (id int, amount int);
      CREATE EXTENSION pg_stat_statements SCHEMA public;
      ALTER ROLE ${role} SET search_path = sales, report`);
    crawlerId = await stack.crawler('postgresql', connectionTo(source.url), [source.name]);
  });
  afterAll(() => source.drop());

  /** As the role that has the two schemas in its path. */
  const run = async (...statements: string[]) => {
    await source.client.query(`SET SESSION AUTHORIZATION ${role}; SET search_path = sales, report`);
    for (const statement of statements) await source.client.query(statement);
    await source.client.query(`RESET SESSION AUTHORIZATION; SET search_path = ''`);
  };
  const collect = async () => {
    const ended = await stack.ended(await stack.start(crawlerId));
    expect(ended).toMatchObject({ status: 'succeeded', counts: { problems: 0 } });
    return query<{ message: string }>(
      stack.database,
      `SELECT message FROM run_log WHERE run_id = ? AND step IN ('history', 'lineage') ORDER BY seq`,
      [ended.id],
    ).then((rows) => rows.map(({ message }) => message).join('\n'));
  };
  const turn = async (queryHistory: boolean) => {
    const [row] = await query<{ version: number }>(stack.database, 'SELECT version FROM crawler WHERE id = ?', [
      crawlerId,
    ]);
    await updateCrawler(stack.database, crawlerId, { version: row?.version ?? 0, queryHistory });
  };
  const edges = async () =>
    (
      await query<{ line: string }>(
        stack.database,
        `SELECT u.name || ' > ' || v.name || ' by ' || p.name || ' x' || (p.evidence ->> 'calls')
                || coalesce(' ' || string_agg(c.upstream_column || '>' || c.downstream_column, ','
                                              ORDER BY c.downstream_column, c.upstream_column), '') AS line
         FROM lineage_edge l
         JOIN lineage_process p ON p.id = l.process_id AND p.kind = 'query'
         JOIN lineage_node un ON un.id = l.upstream
         JOIN lineage_node dn ON dn.id = l.downstream
         JOIN entity u ON u.id = un.entity_id
         JOIN entity v ON v.id = dn.entity_id
         JOIN collected_database d ON d.id = v.collected_database_id AND d.name = ?
         LEFT JOIN lineage_column_edge c ON c.edge_id = l.id
         WHERE l.valid_to IS NULL
         GROUP BY l.id, u.name, v.name, p.id
         ORDER BY 1`,
        [source.name],
      )
    ).map(({ line }) => line);
  const used = async () =>
    (
      await query<{ line: string }>(
        stack.database,
        `SELECT e.name || CASE WHEN t.reads THEN ' read' ELSE '' END || CASE WHEN t.writes THEN ' written' ELSE '' END
                || ' (' || array_to_string(t.columns, ',') || ') by ' || s.kind || ' x' || s.calls AS line
         FROM query_table t
         JOIN query_statement s ON s.id = t.statement_id
         JOIN entity e ON e.id = t.entity_id
         JOIN collected_database d ON d.id = e.collected_database_id AND d.name = ?
         ORDER BY 1`,
        [source.name],
      )
    ).map(({ line }) => line);

  test('is not read unless its crawler is to read it', async () => {
    await run('SELECT amount FROM orders');
    expect(await collect()).not.toContain('istory');
    expect(await used()).toEqual([]);
  });

  test('becomes lineage and usage, of tables and columns', async () => {
    await turn(true);
    await run(
      'SELECT public.pg_stat_statements_reset()',
      `INSERT INTO report.daily (day, customer, total)
       SELECT o.placed, c.name, sum(o.amount) FROM orders o JOIN customers c ON c.id = o.customer_id
       WHERE o.placed > '2026-01-01' GROUP BY 1, 2`,
      "SELECT name FROM customers WHERE id = 7 AND name <> 'Ada'",
      "SELECT name FROM customers WHERE id = 8 AND name <> 'Grace'",
      'INSERT INTO customers VALUES (1, $$secret$$)',
      'WITH gone AS (DELETE FROM sales.orders WHERE id < 5 RETURNING *) INSERT INTO archive SELECT id, amount FROM gone',
    );
    expect(await collect()).toMatch(/statements ran since it was read before/);
    expect(await edges()).toEqual([
      'customers > daily by INSERT x1 id>,name>customer',
      'orders > archive by INSERT x1',
      'orders > daily by INSERT x1 customer_id>,placed>,placed>day,amount>total',
    ]);
    expect(await used()).toEqual([
      'archive written (amount,id) by insert x1',
      'customers read (id,name) by insert x1',
      'customers read (id,name) by select x2',
      'customers written () by insert x1',
      'daily written (customer,day,total) by insert x1',
      'orders read (amount,customer_id,placed) by insert x1',
      'orders read written () by insert x1',
    ]);
    const kept = await query<{ text: string }>(stack.database, 'SELECT text FROM query_statement');
    expect(JSON.stringify(kept)).not.toMatch(/Ada|Grace|secret|2026-01-01/);
  });

  test('counts what ran since alone, and all of it after the source counts anew', async () => {
    const nothing = await collect();
    expect(await edges()).toHaveLength(3);
    expect(nothing).not.toMatch(/statements of the query history read/);
    await run("SELECT name FROM customers WHERE id = 9 AND name <> 'Eve'");
    await collect();
    expect(await used()).toContain('customers read (id,name) by select x3');
    await run('SELECT public.pg_stat_statements_reset()', 'SELECT name FROM customers WHERE id = 9 AND name <> $$x$$');
    await collect();
    expect(await used()).toContain('customers read (id,name) by select x4');
  });

  test('is read again where a table of it came or went', async () => {
    await run('CREATE TABLE staged AS SELECT id, amount FROM orders', 'DROP TABLE staged');
    await collect();
    expect(await edges()).toHaveLength(3);
    await run('CREATE TABLE staged (id int, amount int)');
    await collect();
    expect(await edges()).toContain('orders > staged by CREATE TABLE AS x1 amount>amount,id>id');
  });

  test('is over for what did not run for thirty days, and not for what is only forgotten by the source', async () => {
    await run('SELECT public.pg_stat_statements_reset()');
    await collect();
    expect(await edges()).toHaveLength(4);
    await query(
      stack.database,
      `UPDATE query_statement SET last_seen = now() - interval '31 days' WHERE kind = 'insert'`,
    );
    expect(await collect()).toMatch(/forgotten that did not run for 30 days/);
    expect(await edges()).toEqual(['orders > staged by CREATE TABLE AS x1 amount>amount,id>id']);
  });

  test('that is not kept any more is told in the log, and the run succeeds', async () => {
    await source.client.query('DROP EXTENSION pg_stat_statements');
    expect(await collect()).toContain('CREATE EXTENSION pg_stat_statements');
  });
});
