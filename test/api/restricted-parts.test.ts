import { afterAll, beforeAll, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import type { TableStructure } from '../../catalog/model/table.js';
import { nodesOfEntities } from '../../lineage/store/nodes.js';
import { replaceEdges } from '../../lineage/store/record-edges.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { type ApiUnderTest, type Caller, startApi } from './api-under-test.js';

/** Stands in the name of the hidden database, of its table and of its columns, and nowhere else. */
const SECRET = 'zanzibar';
const [TABLE, VIEW, OPEN_VIEW] = [20, 21, 22].map((index) => SyntheticSource.keyOf(index)) as [string, string, string];

let api: ApiUnderTest;
let shop: CrawledCatalog;
let secret: CrawledCatalog;
/** In the workspace of the visible database, and in both. */
let outsider: Caller;
let member: Caller;
let ids: { table: string; view: string; openView: string };

beforeAll(async () => {
  api = await startApi();
  const source = new SyntheticSource(30, 1);
  shop = await crawledCatalog(api.database, source);
  for (const key of [TABLE, VIEW, OPEN_VIEW]) source.edit(key, { schema: null });
  for (const version of [1, 2]) {
    source.edit(TABLE, ({ structure }) => ({ comment: `table ${version}`, structure: withKeys(structure, version) }));
    const view = viewOf(`select c1 + ${version} AS total from \`Zanzibar_DB\`.\`zanzibar_orders\``);
    source.edit(VIEW, ({ structure }) => ({
      ...view,
      comment: 'view',
      structure: { ...structure, ...view.structure },
    }));
    await shop.crawl();
  }
  // Names alone that are those of the hidden database, but not of a database.
  const open = viewOf(`select \`shop\`.\`zanzibar_db\`.\`c1\` AS \`zanzibar_db\` from \`shop\`.\`zanzibar_db\``);
  source.edit(OPEN_VIEW, ({ structure }) => ({
    ...open,
    comment: 'open',
    structure: { ...structure, ...open.structure },
  }));
  await shop.crawl();
  secret = await crawledCatalog(api.database, new SyntheticSource(2, 1), `${SECRET}_db`);
  await secret.crawl();
  await shop.rows(`UPDATE collected_database SET source_type = 'mysql', instance = 'one-server:3306'`);
  await drawView();
  outsider = await api.person('Outsider', { workspace: shop.workspaceId, as: 'admin' });
  member = await api.person('Member', { workspace: shop.workspaceId, as: 'viewer' });
  await putMember(api.database, secret.workspaceId, member.personId, 'viewer');
  const idOf = async (comment: string) =>
    (await shop.rows<{ id: string }>('SELECT id FROM entity WHERE comment = ?', [comment]))[0]?.id ?? '';
  ids = { table: await idOf('table 2'), view: await idOf('view'), openView: await idOf('open') };
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
});
afterAll(() => api.stop());

const get = async (path: string, as = outsider) => (await api.call('GET', path, { as })).body;

it('names no database, table or column of what is hidden, by whatever a table or view that is seen tells', async () => {
  for (const id of [ids.table, ids.view]) {
    const [{ guid = '' } = {}] = await shop.rows<{ guid: string }>('SELECT guid FROM entity WHERE id = ?', [id]);
    const told = [
      `/entities/${id}`,
      `/entities?guid=${encodeURIComponent(guid)}`,
      ...['references', 'referrers', 'columns', 'ddl', 'versions', 'versions/1', 'versions/2', 'versions/1/ddl'].map(
        (what) => `/tables/${id}/${what}`,
      ),
      `/tables/${id}/versions/diff?from=1&to=2`,
      `/entities/${id}/lineage`,
      `/entities/${id}/usage`,
      ...['', '/export.csv', '/suggestions'].map((what) => `/search${what}?q=orders`),
    ];
    for (const path of told) {
      const answer = await api.call('GET', path, { as: outsider });
      expect(answer.status, path).toBe(200);
      expect(answer.text.toLowerCase(), path).not.toContain(SECRET);
    }
    for (const [name, input] of [
      ['show', { id }],
      ['find_by_guid', { guid }],
      ['compare_versions', { id, from: 1, to: 2 }],
    ] as const)
      expect(await toolSays(name, input), name).not.toContain(SECRET);
  }
});

it('tells of a key into a hidden database that there is one, with its own name and columns', async () => {
  const keys = [
    { name: 'to_hidden', columns: ['c1'], references: { restricted: true }, onDelete: 'CASCADE' },
    { name: 'to_own', columns: ['c2'], references: { table: 'orders_3_daily', columns: ['id'] } },
    { name: 'to_unknown', columns: ['c3'], references: { database: 'elsewhere', table: 'there', columns: ['id'] } },
  ];
  expect((await get(`/entities/${ids.table}`)).structure.foreignKeys).toEqual(keys);
  expect((await get(`/tables/${ids.table}/versions/1`)).structure.foreignKeys).toEqual(keys);
  expect((await get(`/tables/${ids.table}/references`)).items).toMatchObject([
    { name: 'to_hidden', columns: ['c1'], references: { restricted: true }, entity: null },
    { name: 'to_own', references: { database: 'shop', table: 'orders_3_daily' } },
    { name: 'to_unknown', references: { database: 'elsewhere', table: 'there' }, entity: null },
  ]);
  const { text, notes } = await get(`/tables/${ids.table}/ddl`);
  expect(notes).toContain('The foreign key to_hidden is left out: it refers to something restricted.');
  expect(text).toContain(`-- ${notes[0]}`);
  expect(text).toContain('REFERENCES `elsewhere`.`there`');
  expect(text).not.toContain('ADD CONSTRAINT `to_hidden`');
});

it('leaves the text of a view out whole that names a hidden database, now and in its versions, and says so', async () => {
  const left = { restricted: ['viewDefinition'] };
  for (const { structure } of [await get(`/entities/${ids.view}`), await get(`/tables/${ids.view}/versions/1`)]) {
    expect(structure).toMatchObject(left);
    expect(structure).not.toHaveProperty('viewDefinition');
  }
  expect(await get(`/tables/${ids.view}/versions/diff?from=1&to=2`)).toMatchObject({ ...left, viewDefinition: null });
  expect(await get(`/tables/${ids.view}/ddl`)).toMatchObject({
    notes: ['The text of the view is left out: it names something restricted.'],
    text: '-- The text of the view is left out: it names something restricted.\n\n',
  });
  expect((await get(`/entities/${ids.openView}`)).structure.viewDefinition).toContain('`shop`.`zanzibar_db`');
});

it('shows all of it to whoever may see both, from the next request on', async () => {
  const whole = async (as: Caller) => {
    const { structure } = await get(`/entities/${ids.view}`, as);
    expect(structure).not.toHaveProperty('restricted');
    expect(structure.viewDefinition).toContain('zanzibar_orders');
    expect((await get(`/entities/${ids.table}`, as)).structure.foreignKeys[0].references.database).toBe('zanzibar_db');
    expect((await get(`/tables/${ids.table}/references`, as)).items[0].references.table).toBe('zanzibar_orders_2');
    expect((await get(`/tables/${ids.table}/ddl`, as)).text).toContain('REFERENCES `zanzibar_db`.`zanzibar_orders_');
    expect((await get(`/tables/${ids.view}/versions/diff?from=1&to=2`, as)).viewDefinition).toContain('zanzibar');
  };
  await whole(member);
  await show('tenant');
  await whole(outsider);
  await show('workspace');
  expect((await get(`/entities/${ids.view}`)).structure).toHaveProperty('restricted');
});

it('tells why a view is not read whole to whoever may see all that it reads', async () => {
  const reason = async (as: Caller) => (await get(`/entities/${ids.view}/lineage`, as)).edges[0].processes[0].reason;
  expect([await reason(outsider), await reason(member)]).toEqual([null, 'no column zanzibar_id']);
});

it('leaves it out of what a plan would change', async () => {
  const change = async (as: Caller) => JSON.stringify((await get(`/runs/${await planned()}/plan/changes`, as)).items);
  const [told, whole] = [await change(outsider), await change(member)];
  expect(told).toContain('restricted');
  expect(told.toLowerCase()).not.toContain(SECRET);
  expect(whole.match(/zanzibar_orders_[23]/g)).toEqual(['zanzibar_orders_2', 'zanzibar_orders_3']);
});

it('judges a database that leaves the map as if it stayed', async () => {
  const leave = (at: string) =>
    secret.rows(`UPDATE collected_database SET retiring_at = ${at} WHERE id = ?`, [secret.collectedDatabaseId]);
  await leave('now()');
  expect((await get(`/entities/${ids.view}`)).structure).toHaveProperty('restricted');
  expect((await get(`/entities/${ids.view}`, member)).structure).toHaveProperty('viewDefinition');
  await leave('NULL');
});

/** The view's edges, from a hidden table and from a visible one, by a process that has something to say of the former. */
async function drawView(): Promise<void> {
  const [process] = await shop.rows<{ id: string }>(
    `INSERT INTO lineage_process (kind, key, name, collected_database_id, entity_id, state, reason)
     SELECT 'view', 'view', e.name, e.collected_database_id, e.id, 'partial', 'no column zanzibar_id'
       FROM entity e WHERE e.comment = 'view'
     RETURNING id`,
  );
  const entities = await shop.rows<{ id: string }>(
    `(SELECT id FROM entity WHERE comment = 'view')
     UNION ALL (SELECT id FROM entity WHERE comment = 'table 2')
     UNION ALL (SELECT id FROM entity WHERE collected_database_id = ? AND kind = 'table' LIMIT 1)`,
    [secret.collectedDatabaseId],
  );
  const nodes = await nodesOfEntities(
    api.database,
    entities.map(({ id }) => id),
  );
  const [downstream = '', ...sources] = entities.map(({ id }) => nodes.get(id) ?? '');
  const processId = process?.id ?? '';
  await replaceEdges(
    api.database,
    [processId],
    sources.map((upstream) => ({ processId, upstream, downstream, direct: true, columns: [] })),
  );
}

/** A run that plans to lead the key to another hidden table, and to give the table a text that names a third. */
async function planned(): Promise<string> {
  const { runId } = await shop.crawl();
  await shop.rows('INSERT INTO crawl_plan (run_id, crawler_id) VALUES (?, ?)', [runId, shop.crawlerId]);
  await shop.rows(
    `WITH staged AS (
       INSERT INTO staged_object (run_id, unit, page, op, kind, native_key, guid, type, name, structure)
       SELECT ?, 1, 1, 'upsert', 'table', 'planned', e.guid, e.type, e.name,
              CAST(replace(e.structure, 'zanzibar_orders_2', 'zanzibar_orders_3') AS jsonb)
              || CAST('{"viewDefinition": "select 1 from zanzibar_db.zanzibar_orders_4"}' AS jsonb)
         FROM entity e
        WHERE e.id = ?
     )
     INSERT INTO plan_change (run_id, unit, change, entity_id, native_key, page, from_version, to_version, guid, kind, type, name)
     SELECT ?, 1, 'changed', e.id, 'planned', 1, 2, 3, e.guid, 'table', e.type, e.name FROM entity e WHERE e.id = ?`,
    [runId, ids.table, runId, ids.table],
  );
  return runId;
}

const show = (visibility: string) =>
  secret.rows('UPDATE collected_database SET visibility = ? WHERE id = ?', [visibility, secret.collectedDatabaseId]);

const viewOf = (viewDefinition: string) => ({ type: 'VIEW' as const, structure: { viewDefinition } });

function withKeys(structure: TableStructure, version: number): TableStructure {
  const to = (table: string) => ({ table, columns: ['id'] });
  return {
    ...structure,
    foreignKeys: [
      {
        name: 'to_hidden',
        columns: ['c1'],
        references: { database: `${SECRET}_db`, table: `${SECRET}_orders_${version}`, columns: [`${SECRET}_id`] },
        onDelete: 'CASCADE',
      },
      { name: 'to_own', columns: ['c2'], references: to('orders_3_daily') },
      { name: 'to_unknown', columns: ['c3'], references: { database: 'elsewhere', ...to('there') } },
    ],
  };
}

/** What a tool for models says, in lower case. */
async function toolSays(name: string, input: object): Promise<string> {
  const response = await fetch(`${api.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${outsider.token}`,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: input } }),
  });
  const said = (await response.text()).toLowerCase();
  expect(said, name).toMatch(/to_hidden|restricted|versions?/);
  return said;
}
