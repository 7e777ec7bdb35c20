import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guidOf } from '../../catalog/model/guid.js';
import { query } from '../../db/query.js';
import { StatementReader } from '../../lineage/processes/statement-reader.js';
import { endEdgesOfRemovedViews, pendingViews } from '../../lineage/views/pending-views.js';
import { readViews } from '../../lineage/views/read-views.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let reader: StatementReader;
beforeAll(async () => {
  catalog = await testDatabase();
  reader = new StatementReader({ processes: 1 });
  await query(
    catalog.database,
    `INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`,
  );
});
afterAll(async () => {
  await reader.close();
  await catalog.drop();
});

/** Databases of one server that one crawler collects, each with a unit in one run, and what is known of their views. */
async function collected(sourceType: 'postgresql' | 'mysql', names: string[]) {
  const { database } = catalog;
  const instance = `${randomUUID()}:1`;
  const one = async (sql: string, bindings: Record<string, string | number | null>) =>
    String((await query<{ id: string }>(database, `${sql} RETURNING id`, bindings))[0]?.id);
  const workspace = await one('INSERT INTO workspace (name) VALUES (:name)', { name: instance });
  const source = await one(
    `INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
     VALUES (:workspace, 'it', :sourceType, :instance, 'production', '{}')`,
    { workspace, sourceType, instance },
  );
  const crawler = await one(
    `INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name)
     VALUES (:workspace, :source, 'default', 'it')`,
    { workspace, source },
  );
  const runId = await one(
    `INSERT INTO crawl_run (id, crawler_id, workspace_id, trigger, status)
     VALUES (gen_random_uuid(), :crawler, :workspace, 'manual', 'running')`,
    { crawler, workspace },
  );
  const databases = new Map<string, string>();
  for (const [place, name] of names.entries()) {
    const id = await one(
      `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
       VALUES (:crawler, :source, :workspace, :sourceType, :instance, :name)`,
      { crawler, source, workspace, sourceType, instance, name },
    );
    databases.set(name, id);
    await query(
      database,
      'INSERT INTO crawl_unit (run_id, unit, collected_database_id, database_name) VALUES (:runId, :unit, :id, :name)',
      { runId, unit: place + 1, id, name },
    );
  }
  return {
    put: (on: string, schema: string | null, table: string, columns: string[], text: string | null = null) =>
      one(
        `INSERT INTO entity (guid, kind, type, collected_database_id, schema_name, name, structure, hash, changed_run_id)
         VALUES (:guid, 'table', :kind, :of, :schema, :table, :structure, '\\x00', gen_random_uuid())`,
        {
          guid: guidOf({ sourceType, instance, kind: 'table', database: on, schema, table }),
          kind: text === null ? 'TABLE' : 'VIEW',
          of: databases.get(on) ?? '',
          schema,
          table,
          structure: JSON.stringify({
            columns: columns.map((name) => ({ name, type: 'text' })),
            ...(text === null || text === '' ? {} : { viewDefinition: text }),
          }),
        },
      ),
    change: (id: string, text: string) =>
      query(
        database,
        `UPDATE entity
         SET version = version + 1, structure = jsonb_set(structure::jsonb, '{viewDefinition}', to_jsonb(CAST(:text AS text)))
         WHERE id = :id`,
        { id, text },
      ),
    remove: (id: string) => query(database, 'UPDATE entity SET removed_at = now() WHERE id = ?', [id]),
    restore: (id: string) => query(database, 'UPDATE entity SET removed_at = NULL WHERE id = ?', [id]),
    /** What a run does at its end. Returns how each view that was read came out. */
    trace: async () => {
      await endEdgesOfRemovedViews(database, runId);
      const read = await readViews(
        database,
        reader,
        runId,
        await pendingViews(database, runId, { after: '0', limit: 100 }),
      );
      return read.map(({ process: { name, state, reason } }) =>
        [name, state, ...(reason === null ? [] : [reason])].join(' '),
      );
    },
    edges: async () =>
      (
        await query<{ line: string }>(
          database,
          `SELECT coalesce(u.name, un.name) || ' > ' || v.name
                  || coalesce(' ' || string_agg(c.upstream_column || '>' || c.downstream_column, ',' ORDER BY 1), '') AS line
           FROM lineage_edge l
           JOIN lineage_node un ON un.id = l.upstream
           JOIN lineage_node dn ON dn.id = l.downstream
           LEFT JOIN entity u ON u.id = un.entity_id
           JOIN entity v ON v.id = dn.entity_id
           LEFT JOIN lineage_column_edge c ON c.edge_id = l.id
           WHERE v.collected_database_id = ANY(?::bigint[]) AND l.valid_to IS NULL
           GROUP BY l.id, u.name, un.name, v.name
           ORDER BY 1`,
          [[...databases.values()]],
        )
      ).map(({ line }) => line),
  };
}

test('A view has edges of its text until it changes, is removed, or is put back', async () => {
  const map = await collected('postgresql', ['shop']);
  await map.put('shop', 'public', 'orders', ['id', 'total']);
  await map.put('shop', 'public', 'people', ['id']);
  const view = await map.put('shop', 'public', 'v', ['sum'], 'SELECT o.total AS sum FROM public.orders o;');
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.edges()).toEqual(['orders > v total>sum']);
  expect(await map.trace()).toEqual([]);
  await map.change(view, 'SELECT p.id AS sum FROM public.people p;');
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.edges()).toEqual(['people > v id>sum']);
  await map.remove(view);
  expect(await map.trace()).toEqual([]);
  expect(await map.edges()).toEqual([]);
  await map.restore(view);
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.edges()).toEqual(['people > v id>sum']);
});

test('A table that the map does not have is outside of it until it comes, and a removed one until another has its name', async () => {
  const map = await collected('mysql', ['shop', 'hr']);
  await map.put('shop', null, 'v', ['id'], 'select `hr`.`people`.`id` AS `id` from `hr`.`people`');
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.edges()).toEqual(['hr.people > v id>id']);
  expect(await map.trace(), 'there is nothing new to be read').toEqual([]);
  await map.put('hr', null, 'animals', ['id']);
  expect(await map.trace(), 'what came is not what was missing').toEqual([]);
  const people = await map.put('hr', null, 'people', ['id']);
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.edges()).toEqual(['people > v id>id']);
  expect(await map.trace()).toEqual([]);
  await map.remove(people);
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.edges()).toEqual(['people > v id>id']);
  expect(await map.trace(), 'it is known to be gone').toEqual([]);
  await map.restore(people);
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.trace()).toEqual([]);
});

test("The server's own tables are outside of the map and not missing from it", async () => {
  const map = await collected('postgresql', ['shop']);
  await map.put('shop', 'public', 'v', ['relname'], 'SELECT pg_class.relname FROM pg_class;');
  expect(await map.trace()).toEqual(['v parsed']);
  expect(await map.edges()).toEqual(['shop.pg_catalog.pg_class > v relname>relname']);
  expect(await map.trace()).toEqual([]);
});

test('A view whose text is not shown or not understood is kept as unparsed with the reason, and tried once', async () => {
  const map = await collected('mysql', ['shop']);
  await map.put('shop', null, 'hidden', ['id'], '');
  await map.put('shop', null, 'odd', ['id'], 'selekt everything');
  expect(await map.trace()).toEqual([
    'hidden unparsed the source does not show its text to the account of the crawler',
    expect.stringMatching(/^odd unparsed ./),
  ]);
  expect(await map.trace()).toEqual([]);
});
