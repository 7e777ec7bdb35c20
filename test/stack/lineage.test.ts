import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { query } from '../../db/query.js';
import { connectionTo, createSource, type Source, servers } from '../connectors/postgresql/source.js';
import { loadSql, sampleSchema } from '../servers/load-sql.js';
import { type CollectingStack, startCollectingStack } from './collecting-stack.js';

let stack: CollectingStack;
beforeAll(async () => {
  stack = await startCollectingStack();
}, 60_000);
afterAll(() => stack.stop());

/** Pagila needs PostgreSQL 18. */
const cases = servers
  .flatMap((server) => [
    { ...server, file: 'pagila-schema.sql' },
    { ...server, file: 'adventureworks-postgresql.sql' },
  ])
  .filter(({ name, file }) => file !== 'pagila-schema.sql' || name === 'PostgreSQL 18')
  .map((one) => ({ ...one, path: sampleSchema(one.file) }))
  .filter((one) => one.path !== undefined);

/**
 * What a view depends on by the server's own record: its rule's dependencies. The record has one row for each column
 * used and one for the relation itself where no column is.
 */
const DEPENDS = `
  FROM pg_rewrite r
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.deptype = 'n'
  JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm')
  JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass AND t.oid <> v.oid
                 AND t.relkind IN ('r', 'p', 'v', 'm', 'f')
  JOIN pg_namespace tn ON tn.oid = t.relnamespace
  JOIN pg_namespace vn ON vn.oid = v.relnamespace AND vn.nspname NOT IN ('pg_catalog', 'information_schema')`;

describe.each(cases)('The views of $file on $name', ({ url, path = '' }) => {
  let source: Source;
  beforeAll(async () => {
    source = await createSource(url);
    await loadSql(source.url, path);
    const run = await stack.collect('postgresql', connectionTo(source.url), source.name);
    expect(run).toMatchObject({ status: 'succeeded', counts: { problems: 0 } });
  }, 120_000);
  afterAll(() => source.drop());

  const recorded = async (sql: string) =>
    (await source.client.query<{ line: string }>(sql)).rows.map(({ line }) => line);
  const found = async (columns: string, join = '') =>
    (
      await query<{ line: string }>(
        stack.database,
        `SELECT DISTINCT ${columns} AS line
         FROM lineage_edge l
         JOIN lineage_node un ON un.id = l.upstream
         JOIN lineage_node dn ON dn.id = l.downstream
         LEFT JOIN entity u ON u.id = un.entity_id
         JOIN entity v ON v.id = dn.entity_id
         JOIN collected_database d ON d.id = v.collected_database_id
         ${join}
         WHERE d.name = ? AND l.valid_to IS NULL
         ORDER BY 1`,
        [source.name],
      )
    ).map(({ line }) => line);

  test('come from exactly the tables that the server says they depend on', async () => {
    const expected = await recorded(
      `SELECT DISTINCT tn.nspname || '.' || t.relname || ' > ' || vn.nspname || '.' || v.relname AS line ${DEPENDS}`,
    );
    expect(expected.length).toBeGreaterThan(20);
    const edges = await found(
      `coalesce(u.schema_name || '.' || u.name, un.namespace || ' ' || un.name) || ' > ' || v.schema_name || '.' || v.name`,
    );
    expect(edges).toEqual([...expected].sort());
  });

  test('use exactly the columns that the server says they use', async () => {
    const expected = await recorded(
      `SELECT DISTINCT tn.nspname || '.' || t.relname || '.' || a.attname || ' > ' || vn.nspname || '.' || v.relname AS line
       ${DEPENDS}
       JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0`,
    );
    const used = await found(
      `u.schema_name || '.' || u.name || '.' || c.upstream_column || ' > ' || v.schema_name || '.' || v.name`,
      'JOIN lineage_column_edge c ON c.edge_id = l.id',
    );
    expect(expected.length).toBeGreaterThan(50);
    const missing = expected.filter((line) => !used.includes(line));
    const invented = used.filter((line) => !expected.includes(line));
    expect({ missing, invented }).toEqual({ missing: [], invented: [] });
  });
});
