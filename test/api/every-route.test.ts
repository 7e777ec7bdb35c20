import { randomInt, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { putMember } from '../../access/members.js';
import type { Route } from '../../api/route.js';
import { allRoutes } from '../../api/routes/index.js';
import type { SourceTable } from '../../catalog/model/table.js';
import { nodesOfEntities } from '../../lineage/store/nodes.js';
import { replaceEdges } from '../../lineage/store/record-edges.js';
import { stateEdge } from '../../lineage/store/stated-edges.js';
import { drainOutbox } from '../../search/outbox.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { seeded } from '../fakes/seeded.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { runEvent, tell } from '../lineage/told-events.js';
import { type ApiUnderTest, type Caller, startApi } from './api-under-test.js';
import { document } from './declared-shapes.js';
import { thingsOf } from './things-of.js';

/** Everything random hangs on it: set DATAMAP_TEST_SEED to the printed one to see the same again. */
const SEED = Number(process.env.DATAMAP_TEST_SEED ?? randomInt(2 ** 31));
const random = seeded(SEED);

/**
 * For each workspace a word that marks what is seen with its database, and one that marks what its members alone see.
 */
const WORDS = [
  ['zanzibar', 'mulberry'],
  ['bankruptcy', 'quicksand'],
  ['layoffplan', 'hurricane'],
] as const;

/** What is the maker's own, whoever else is in the workspace. */
const PERSONAL = ['previews', 'refreshes', 'tokens'];
/** Of paths: what a filter of a list names. */
const FILTERS: Record<string, string> = {
  workspaceId: 'workspaces',
  crawlerId: 'crawlers',
  dataSourceId: 'data-sources',
  databaseId: 'databases',
  entityId: 'entities',
  objectId: 'entities',
};
const FACETS = 'facets=kind,type,sourceType,dataSourceId,workspaceId,database,schema,owner,tag,hasLineage,visibility';

interface Marked extends CrawledCatalog {
  /** Of what is seen with the database, and of what the members of the workspace alone see. */
  shown: string;
  inner: string;
  tables: { id: string; guid: string; name: string }[];
  /** By the first segment of a path. */
  ids: Record<string, string>;
}

let api: ApiUnderTest;
let admin: Caller;
let people: Caller[];
let catalogs: Marked[];
/** The ids of the databases that are everybody's, and `person workspace` of each membership, as they stand. */
let open: Set<string>;
let members: Set<string>;

beforeAll(async () => {
  console.log(`Seed ${SEED}`);
  api = await startApi();
  admin = await api.person('Admin', { tenant: 'admin' });
  people = [await api.person('One'), await api.person('Two'), await api.person('Three')];
  catalogs = [];
  for (const [shown, inner] of WORDS) catalogs.push(await marked(shown, inner));
  await joinTogether();
  for (const person of people)
    for (const { tables } of catalogs) await expectDone('PUT', `/entities/${tables[0]?.id}/favourite`, person);
  const made = await api.call('POST', '/collections', { as: admin, body: { name: 'All', visibility: 'public' } });
  const items = catalogs.flatMap(({ tables }) => tables.map(({ id, name }) => ({ id, note: name })));
  await expectDone('POST', `/collections/${made.body.id}/items`, admin, { items });
  await drainOutbox(api.database, api.context.searchIndex, { limit: 1_000 });
}, 300_000);
afterAll(() => api.stop());

it('tells nobody by any route that reads of what that person may not see, whoever is where a member and whatever is open', async () => {
  await shuffle();
  for (const person of people) await walk(person);
}, 600_000);

const sees = ({ personId }: Caller, { collectedDatabaseId, workspaceId }: Marked) =>
  open.has(collectedDatabaseId) || members.has(`${personId} ${workspaceId}`);
const works = ({ personId }: Caller, { workspaceId }: Marked) => members.has(`${personId} ${workspaceId}`);

async function walk(as: Caller): Promise<void> {
  const routes = allRoutes().filter(({ method, access }) => method === 'get' && access.kind !== 'tenant');
  for (const route of routes.filter(({ path }) => path.includes(':'))) await walkThings(as, route);
  // A stream does not end: visibility.test.ts follows it.
  for (const { path } of routes.filter(({ path }) => !path.includes(':') && path !== '/events')) {
    for (const query of questionsOf(path)) await ask(as, path + query, query);
    await narrow(as, path);
  }
  for (const from of catalogs.filter((catalog) => sees(as, catalog)))
    for (const to of catalogs) {
      const path = `/entities/${from.ids.entities}/lineage/path?to=`;
      if (sees(as, to)) await ask(as, `${path}${to.tables[1]?.id}`);
      else await looksAbsent(as, path, to.ids.entities ?? '');
    }
}

/** Asks the route for the thing of each workspace that its path can name. */
async function walkThings(as: Caller, { path, access }: Route): Promise<void> {
  const [, first = ''] = path.split('/');
  if (first === 'resource-groups') return;
  const before = path.slice(0, path.indexOf(':id'));
  const after = path
    .slice(before.length + ':id'.length)
    .replace(':version', '1')
    .replace(':column', 'c4')
    .replace(':entityId', '1')
    .replace(':name', 'petstore')
    .replace(/diff$/, 'diff?from=1&to=2')
    .replace(/lineage$/, 'lineage?depth=3&level=column');
  for (const catalog of catalogs) {
    const id = catalog.ids[first];
    if (!id) throw new Error(`The test knows nothing for ${path}`);
    const reached = access.kind === 'visible' ? sees(as, catalog) : works(as, catalog);
    if (PERSONAL.includes(first) || !reached) await looksAbsent(as, before, id, after);
    // What goes on until a worker has answered, of whom there is none here.
    else if (!/events$|databases$/.test(path)) {
      const { status } = await ask(as, before + id + after);
      // Its collection is empty.
      if (!path.endsWith('/:entityId')) expect(status, `${before}${id}${after}`).not.toBe(404);
    }
  }
}

/** Every list by what names something that the person may not see. */
async function narrow(as: Caller, path: string): Promise<void> {
  const operation = document.paths?.[`/api/v1${path}`]?.get as { parameters?: { name: string }[] } | undefined;
  const names = (operation?.parameters ?? []).map(({ name }) => name);
  for (const catalog of catalogs.filter((each) => !sees(as, each))) {
    for (const name of names.filter((each) => each in FILTERS))
      await looksAbsent(as, `${path}?${name}=`, catalog.ids[FILTERS[name] ?? ''] ?? '');
    if (names.includes('guid'))
      await looksAbsent(as, `${path}?guid=`, encodeURIComponent(catalog.tables[0]?.guid ?? ''));
  }
}

function questionsOf(path: string): string[] {
  const words = WORDS.flat();
  if (path === '/diagnose') return words.map((word) => `?name=${word}`);
  if (path === '/search')
    return ['', ...words].flatMap((word) => [
      `?q=${word}&${FACETS}`,
      `?q=${word}&kind=api`,
      `?q=${word}&kind=ai-asset`,
    ]);
  if (path.startsWith('/search')) return ['', ...words].map((word) => `?q=${word}`);
  return [''];
}

/** What the person is told, which has no word of what that person may not see but those of the question. */
async function ask(as: Caller, path: string, question = '') {
  const answer = await api.call('GET', path, { as });
  for (const catalog of catalogs) {
    const hidden = [...(sees(as, catalog) ? [] : [catalog.shown]), ...(works(as, catalog) ? [] : [catalog.inner])];
    for (const word of hidden)
      if (!question.includes(word)) expect(answer.text, `${path}, as ${as.email}`).not.toContain(word);
  }
  return answer;
}

/** Is told of the thing as of one that is not there. */
async function looksAbsent(as: Caller, before: string, id: string, after = ''): Promise<void> {
  const none = /^\d+$/.test(id) ? '999999999' : /^[0-9a-f-]{36}$/.test(id) ? randomUUID() : `${id}x`;
  const asked = (named: string) => ask(as, before + named + after, named);
  const [real, absent] = [await asked(id), await asked(none)];
  const told = ({ status, headers, text }: typeof real, named: string) => ({
    status,
    etag: headers.get('etag'),
    text: text
      .replace(/"requestId":"[^"]*"/, '')
      .replaceAll(/^\d+$/.test(named) ? new RegExp(`(?<!\\d)${named}(?!\\d)`, 'g') : named, 'NAMED')
      .replaceAll(/^\d+$/.test(named) ? 'NAMED' : decodeURIComponent(named), 'NAMED'),
  });
  expect(told(real, id), `${before}${id}${after}, as ${as.email}`).toEqual(told(absent, none));
}

/** A crawled database in a workspace of its own, with one of everything. */
async function marked(shown: string, inner: string): Promise<Marked> {
  const source = new SyntheticSource(40, 2);
  source.edit(SyntheticSource.keyOf(20), namingAll(shown, 1));
  const catalog = await crawledCatalog(api.database, source, `${shown}_db`, 'one-server.example:5432');
  const by = await api.person('Maker', { workspace: catalog.workspaceId, as: 'admin' });
  for (const table of ['workspace', 'data_source', 'crawler'])
    await catalog.rows(`UPDATE ${table} SET name = ? WHERE ${table === 'workspace' ? 'id' : 'workspace_id'} = ?`, [
      `${shown} ${table}`,
      catalog.workspaceId,
    ]);
  await catalog.crawl();
  for (let index = 0; index < 13; index += 1) source.drop(SyntheticSource.keyOf(index));
  source.edit(SyntheticSource.keyOf(20), namingAll(shown, 2));
  const { runId } = await catalog.crawl();
  await catalog.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [catalog.collectedDatabaseId]);
  const tables = await catalog.rows<Marked['tables'][number]>(
    `SELECT id, guid, name FROM entity WHERE collected_database_id = ? AND kind = 'table' AND removed_at IS NULL
     ORDER BY comment <> ?, id LIMIT 4`,
    [catalog.collectedDatabaseId, shown],
  );
  const tableId = tables[0]?.id ?? '';
  for (const place of ['', '/columns/c4'])
    await expectDone('PATCH', `/${place === '' ? 'entities' : 'tables'}/${tableId}${place}/annotation`, by, {
      description: `People of ${shown}`,
      tags: [shown],
      owners: [{ name: `${shown} desk` }],
    });
  const ids = await thingsOf(api, catalog, { tableId, runId, by, word: inner, shown });
  return { ...catalog, shown, inner, tables, ids: { ...ids, databases: catalog.collectedDatabaseId } };
}

/** A view with keys, as no source has it, that names a table of the database of every workspace, by keys and by its text. */
function namingAll(shown: string, version: number) {
  const words = WORDS.map(([word]) => word);
  return ({ structure }: SourceTable): Partial<SourceTable> => ({
    comment: shown,
    type: 'VIEW',
    structure: {
      ...structure,
      foreignKeys: words.map((word, place) => ({
        name: `key_${place}`,
        columns: ['c1'],
        references: { database: `${word}_db`, schema: 'area_0', table: `${word}_${version}`, columns: [`${word}_id`] },
      })),
      viewDefinition: words.map((word) => `SELECT ${version} FROM "${word}_db".area_0.orders`).join(' UNION '),
    },
  });
}

/** Lineage and statements within each database and from each to the others, while all is everybody's to see. */
async function joinTogether(): Promise<void> {
  const nodes = await nodesOfEntities(
    api.database,
    catalogs.flatMap(({ tables }) => tables.map(({ id }) => id)),
  );
  for (const from of catalogs) {
    await runJob(from, `nightly_${from.shown}`, [from], [`s3://${from.inner} out`]);
    for (const to of catalogs) {
      const ends = [from.tables[0]?.id ?? '', to.tables[1]?.id ?? ''] as const;
      const [query] = await from.rows<{ id: string }>(
        `INSERT INTO lineage_process (kind, key, name, collected_database_id, state)
         VALUES ('query', ?, ?, ?, 'parsed') RETURNING id`,
        [randomUUID(), `${from.shown} query`, from.collectedDatabaseId],
      );
      const processId = query?.id ?? '';
      const [upstream = '', downstream = ''] = ends.map((id) => nodes.get(id) ?? '');
      const columns = [{ upstream: 'c3', downstream: 'c3', transformation: 'direct' }];
      await replaceEdges(api.database, [processId], [{ processId, upstream, downstream, direct: true, columns }]);
      await stateEdge(
        api.database,
        { upstream: { entityId: ends[0] }, downstream: { entityId: ends[1] } },
        {
          personId: admin.personId,
          personName: 'Admin',
          reason: `${from.shown} says`,
          databaseId: from.collectedDatabaseId,
        },
      );
      await runStatement(from, to, ends);
      const name = `nightly_of_${from.shown}_and_${to.shown}`;
      await runJob(from, name, [from, to], [from, to]);
    }
  }
}

/** A job of a workspace that reads the first table of each of the one, and writes the last of each of the other. */
async function runJob(
  of: Marked,
  job: string,
  reads: readonly Marked[],
  writes: readonly (Marked | string)[],
): Promise<void> {
  const named = async ({ collectedDatabaseId, rows, tables, shown }: Marked, place: number) => {
    const [{ instance = '', schema = '' } = {}] = await rows<{ instance: string; schema: string }>(
      `SELECT d.instance, e.schema_name AS schema FROM collected_database d JOIN entity e ON e.id = ? WHERE d.id = ?`,
      [tables[place]?.id ?? '', collectedDatabaseId],
    );
    return `postgres://${instance} ${shown}_db.${schema}.${tables[place]?.name}`;
  };
  const inputs = await Promise.all(reads.map((read) => named(read, 0)));
  const outputs = await Promise.all(writes.map((write) => (typeof write === 'string' ? write : named(write, 3))));
  await tell(api.database, [runEvent({ job, inputs, outputs })], { workspaceId: of.workspaceId });
}

async function runStatement(of: Marked, other: Marked, entities: readonly string[]): Promise<void> {
  const text = `SELECT ${of.shown} JOIN ${other.shown} ${randomUUID()}`;
  const [row] = await of.rows<{ id: string }>(
    `INSERT INTO query_statement (collected_database_id, fingerprint, path, text, kind, state, missing, calls, total_time)
     VALUES (?, ?, '{}', ?, 'select', 'parsed', '{}', 7, 7) RETURNING id`,
    [of.collectedDatabaseId, text, text],
  );
  for (const entity of new Set(entities))
    await of.rows(
      `INSERT INTO query_table (entity_id, statement_id, reads, writes, columns) VALUES (?, ?, true, false, '{c3}')`,
      [entity, row?.id ?? ''],
    );
}

/** Gives every database a visibility and every person memberships. */
async function shuffle(): Promise<void> {
  [open, members] = [new Set(), new Set()];
  for (const { collectedDatabaseId, workspaceId, rows } of catalogs) {
    if (random() < 0.4) open.add(collectedDatabaseId);
    await rows('UPDATE collected_database SET visibility = ? WHERE id = ?', [
      open.has(collectedDatabaseId) ? 'tenant' : 'workspace',
      collectedDatabaseId,
    ]);
    await rows('DELETE FROM workspace_member WHERE workspace_id = ?', [workspaceId]);
    for (const { personId } of people) {
      if (random() < 0.6) continue;
      members.add(`${personId} ${workspaceId}`);
      const role = (['admin', 'developer', 'viewer'] as const)[Math.floor(random() * 3)] ?? 'viewer';
      await putMember(api.database, workspaceId, personId, role);
    }
  }
}

async function expectDone(method: string, path: string, as: Caller, body?: unknown): Promise<void> {
  const headers = path.endsWith('/annotation') ? { 'if-match': '"0"' } : undefined;
  const answer = await api.call(method, path, { as, body, ...(headers === undefined ? {} : { headers }) });
  expect(answer.status, answer.text).toBeLessThan(300);
}
