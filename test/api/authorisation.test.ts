import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Permission, WorkspaceRole } from '../../access/permissions.js';
import { roleHas } from '../../access/permissions.js';
import { createCollection } from '../../catalog/collections/write-collections.js';
import { createCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { createTest } from '../../catalog/jobs/connection-tests.js';
import { requestOperation } from '../../catalog/operations/write-operations.js';
import { createPreview } from '../../catalog/preview/previews.js';
import { createRefresh } from '../../catalog/refresh/refreshes.js';
import { queueRun } from '../../catalog/runs/queue-run.js';
import { createSource } from '../../catalog/sources/write-sources.js';
import { createWebhook } from '../../catalog/webhooks/webhooks.js';
import { connectorSpec } from '../../connectors/registry.js';
import { crawledCatalog } from '../fakes/crawled-catalog.js';
import { suggestedFor } from '../fakes/suggested-for.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { runEvent, tell } from '../lineage/told-events.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';
import { document } from './declared-shapes.js';
import { apiOf, modelOf } from './things-of.js';

interface Declared {
  method: string;
  /** Below /api/v1, e.g. `/crawlers/{id}`. */
  path: string;
  kind:
    | 'open'
    | 'signed-in'
    | 'visible'
    | 'tenant'
    | 'workspace'
    | 'workspace-in-body'
    | 'workspace-in-query'
    | 'shared';
  permission: Permission | undefined;
}

const routes: Declared[] = Object.entries(document.paths ?? {}).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path: path.slice('/api/v1'.length),
    ...(operation as { 'x-access': Pick<Declared, 'kind' | 'permission'> })['x-access'],
  })),
);
const named = routes.map((route) => ({ name: `${route.method} ${route.path}`, ...route }));
const guarded = named.filter(({ kind }) => kind !== 'open');

let api: ApiUnderTest;
let people: People;
/** The id to put into a path, by its first segment. */
let ids: Record<string, string>;

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  const spec = connectorSpec('postgresql');
  if (spec === undefined) throw new Error('There is no connector for PostgreSQL');
  const source = await createSource(
    api.database,
    { secretKey: api.context.secretKey, type: spec },
    {
      workspaceId: people.workspaceId,
      name: 'shop',
      environment: 'production',
      config: { host: 'db.example', user: 'reader' },
    },
  );
  const crawler = await createCrawler(api.database, {
    workspaceId: people.workspaceId,
    dataSourceId: source.id,
    resourceGroupId: 'default',
    databases: ['shop'],
    plan: { mode: 'manual' },
  });
  const [runId, testId] = [randomUUID(), randomUUID()];
  await queueRun(api.database, { runId, crawlerId: crawler.id, trigger: 'manual' });
  await createTest(api.database, { testId, dataSourceId: source.id, resourceGroupId: 'default' });
  const tables = new SyntheticSource(1, 1);
  const catalog = await crawledCatalog(api.database, tables);
  await catalog.rows(`UPDATE collected_database SET workspace_id = ? WHERE id = ?`, [
    people.workspaceId,
    catalog.collectedDatabaseId,
  ]);
  await catalog.crawl();
  tables.drop(SyntheticSource.keyOf(0));
  await catalog.crawl();
  const [entity] = await catalog.rows<{ id: string }>(`SELECT id FROM entity WHERE kind = 'table'`);
  const [hold] = await catalog.rows<{ id: string }>(`SELECT id FROM held_removal`);
  const [tag] = await catalog.rows<{ id: string }>(`INSERT INTO tag (name) VALUES ('kept') RETURNING id`);
  const operation = await requestOperation(api.database, { kind: 'narrow_scope', crawler, leaving: [] });
  const previewId = randomUUID();
  await createPreview(api.database, {
    previewId,
    entityId: entity?.id ?? '',
    requestedBy: people.tenantAdmin.personId,
    resourceGroupId: 'default',
    rows: 3,
  });
  const refreshId = randomUUID();
  await createRefresh(api.database, {
    refreshId,
    requestedBy: people.tenantAdmin.personId,
    items: [{ asked: 'shop', outcome: 'not-visible' }],
  });
  const { webhook } = await createWebhook(api.database, api.context.secretKey, {
    workspaceId: people.workspaceId,
    name: 'to somewhere',
    url: 'https://hooks.example',
    events: ['run.finished'],
    crawlerId: null,
    createdBy: people.tenantAdmin.personId,
  });
  const collectionId = await createCollection(
    api.database,
    { name: 'sales tables', visibility: 'workspace', workspaceId: people.workspaceId },
    people.admin.personId,
  );
  await catalog.rows('INSERT INTO collection_item (collection_id, entity_id, place) VALUES (?, ?, 1)', [
    collectionId,
    entity?.id,
  ]);
  await tell(api.database, [runEvent({ job: 'sales totals' })], { workspaceId: people.workspaceId });
  const [job] = await catalog.rows<{ id: string }>(`SELECT id FROM lineage_process WHERE kind = 'job'`);
  const ofPeople = { ...catalog, workspaceId: people.workspaceId };
  ids = {
    apis: await apiOf(api, ofPeople, people.tenantAdmin, 'orders'),
    'ai-assets': await modelOf(ofPeople, 'orders'),
    'lineage-jobs': job?.id ?? '',
    previews: previewId,
    'description-suggestions': await suggestedFor(api.database, entity?.id ?? ''),
    refreshes: refreshId,
    collections: collectionId,
    'held-removals': hold?.id ?? '',
    operations: operation.id,
    people: people.viewer.personId,
    workspaces: people.workspaceId,
    'resource-groups': 'default',
    'data-sources': source.id,
    'connection-tests': testId,
    crawlers: crawler.id,
    runs: runId,
    tokens: randomUUID(),
    'saved-searches': randomUUID(),
    webhooks: webhook.id,
    entities: entity?.id ?? '',
    tables: entity?.id ?? '',
    tags: tag?.id ?? '',
  };
});

afterAll(() => api.stop());

/** Asks with ids that exist and a body that is refused, so that whoever is let in changes nothing. */
async function ask(
  route: Declared,
  as: Caller | undefined,
): Promise<{ status: number; code: string | undefined; text: string }> {
  const first = route.path.split('/')[1] ?? '';
  const id = ids[first];
  if (route.path.includes('{id}') && id === undefined) throw new Error(`The test knows no id for ${route.path}`);
  const path = route.path
    .replace('{id}', id ?? '')
    .replace('{version}', '1')
    .replace('{delivery}', '1')
    .replace('{entityId}', ids.entities ?? '')
    .replace('{name}', route.method === 'DELETE' ? 'none' : 'petstore')
    .replace(/diff$/, 'diff?from=1&to=1')
    .replace(/path$/, `path?to=${id}`)
    .replace(/\{\w+\}/g, randomUUID());
  const unwanted = {
    unwanted: true,
    ...(route.kind === 'workspace-in-body' ? { workspaceId: people.workspaceId } : {}),
  };
  const { status, body, text } = await api.call(route.method, path, {
    as,
    ...(route.method === 'GET' || route.method === 'DELETE' ? {} : { body: unwanted }),
  });
  return { status, code: body?.code, text };
}

describe('nobody', () => {
  it.each(guarded)('is told to sign in: $name', async (route) => {
    expect(await ask(route, undefined)).toMatchObject({ status: 401, code: 'NOT_SIGNED_IN' });
  });

  it('reaches what is open, and only signing in is', () => {
    const open = named.filter(({ kind }) => kind === 'open').map(({ name }) => name);
    expect(open).toEqual(['POST /session', 'POST /session/link']);
  });
});

it('lets everybody who is signed in into these routes, and into no other', () => {
  const reached = named.filter(({ kind }) => kind === 'signed-in' || kind === 'visible').map(({ name }) => name);
  // A route belongs here only if what it shows is limited to the asker by itself, as tests of its own show.
  expect(reached.sort()).toEqual(
    [
      'DELETE /saved-searches/{id}',
      'DELETE /entities/{id}/favourite',
      'DELETE /session',
      'DELETE /tokens/{id}',
      'GET /api-documents',
      'GET /audit-events',
      'GET /collections',
      'GET /crawlers',
      'GET /ai/provider',
      'GET /description-suggestions',
      'GET /description-suggestions/{id}',
      'GET /diagnose',
      'GET /data-sources',
      'GET /entities',
      'GET /events',
      'GET /entities/{id}',
      'GET /entities/{id}/annotation',
      'GET /entities/{id}/impact',
      'GET /entities/{id}/impact.csv',
      'GET /entities/{id}/lineage',
      'GET /entities/{id}/lineage/path',
      'GET /entities/{id}/usage',
      'GET /entities/{id}/annotation/edits',
      'GET /favourites',
      'GET /entities/{id}/access',
      'GET /entities/{id}/collections',
      'GET /entities/{id}/description-suggestions',
      'GET /held-removals',
      'GET /lineage-jobs',
      'GET /lineage-jobs/{id}',
      'GET /lineage-jobs/{id}/runs',
      'GET /me',
      'GET /operations',
      'GET /preview-rules',
      'GET /previews/{id}',
      'GET /refreshes/{id}',
      'GET /resource-groups',
      'GET /resource-groups/{id}',
      'GET /runs',
      'GET /saved-searches',
      'GET /saved-searches/{id}',
      'GET /search',
      'GET /search/export.csv',
      'GET /search/suggestions',
      'GET /source-types',
      'GET /tables/{id}/columns',
      'GET /tables/{id}/columns/{column}/annotation',
      'GET /tables/{id}/columns/{column}/annotation/edits',
      'GET /tables/{id}/ddl',
      'GET /tables/{id}/partitions',
      'GET /tables/{id}/references',
      'GET /tables/{id}/referrers',
      'GET /tables/{id}/versions',
      'GET /tables/{id}/versions/diff',
      'GET /tables/{id}/versions/{version}',
      'GET /tables/{id}/versions/{version}/ddl',
      'GET /tags',
      'GET /tokens',
      'GET /webhooks',
      'GET /workspaces',
      'PATCH /saved-searches/{id}',
      'POST /saved-searches',
      'POST /previews/{id}/cancel',
      'POST /refreshes',
      'POST /collections',
      'POST /schedules/preview',
      'POST /tokens',
      'PUT /entities/{id}/favourite',
    ].sort(),
  );
});

describe('somebody of another workspace', () => {
  const inWorkspace = named.filter(
    ({ kind }) => kind === 'workspace' || kind === 'workspace-in-body' || kind === 'shared',
  );
  it.each(inWorkspace)('is told no more than that there is nothing: $name', async (route) => {
    const answer = await ask(route, people.outsider);
    expect(answer).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect(answer.text).not.toMatch(/sales|shop|db\.example/);
  });

  const onMap = named.filter(({ kind, path }) => kind === 'visible' && path.includes('{id}'));
  it.each(onMap)('is told of no entity that its workspace does not have: $name', async (route) => {
    expect(await ask(route, people.outsider)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect((await ask(route, people.tenantAdmin)).status).toBe(200);
  });

  const forOthers = named.filter(({ kind }) => kind === 'workspace-in-query');
  it.each(forOthers)('does not speak for ours: $name', async (route) => {
    const ours = { ...route, path: `${route.path}?workspaceId=${people.workspaceId}` };
    expect(await ask(ours, people.outsider)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  const ofTenant = named.filter(({ kind }) => kind === 'tenant');
  it.each(ofTenant)('is refused what only an admin of the tenant may: $name', async (route) => {
    expect(await ask(route, people.outsider)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });

  // What streams show is tested with them: they do not end.
  const lists = named.filter(
    ({ kind, method, path }) =>
      kind === 'visible' && method === 'GET' && !path.includes('{') && !path.endsWith('/events'),
  );
  it.each(lists)('finds nothing of ours in lists: $name', async (route) => {
    const answer = await ask(route, people.outsider);
    expect(answer.text).not.toMatch(/sales|shop|db\.example/);
  });
});

describe.each(['viewer', 'developer', 'admin'] as const)('a %s of the workspace', (role: WorkspaceRole) => {
  const inWorkspace = guarded.filter(({ kind }) => kind.startsWith('workspace'));
  // Deleting is only asked where it is refused: what is let in would take away what the others ask for.
  const harmless = inWorkspace.filter(({ method, permission }) => method !== 'DELETE' || !allowed(role, permission));
  it.each(harmless.filter(({ permission }) => !allowed(role, permission)))(
    'is told which permission is missing: $name',
    async (route) => {
      const answer = await ask(route, people[role]);
      expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
      expect(answer.text).toContain(route.permission);
      expect(answer.text).toContain('sales');
    },
  );

  it.each(harmless.filter(({ permission, path }) => allowed(role, permission) && !path.endsWith('/events')))(
    'is let in: $name',
    async (route) => {
      const { status } = await ask(route, people[role]);
      expect([401, 403, 404]).not.toContain(status);
    },
  );

  const others = guarded.filter(({ kind, permission }) => kind === 'shared' && !allowed(role, permission));
  it.each(others)('is told whose the collection is, or which permission is missing: $name', async (route) => {
    const answer = await ask(route, people[role]);
    expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    expect(answer.text).toContain(route.permission);
  });

  it.each(guarded.filter(({ kind }) => kind === 'tenant'))('is no admin of the tenant: $name', async (route) => {
    expect(await ask(route, people[role])).toMatchObject({ status: 403, code: 'FORBIDDEN' });
  });
});

it('lets an admin of the tenant into everything', async () => {
  for (const route of guarded.filter(({ method, path }) => method !== 'DELETE' && !path.endsWith('/events'))) {
    const { status } = await ask(route, people.tenantAdmin);
    expect([401, 403], route.name).not.toContain(status);
  }
});

function allowed(role: WorkspaceRole, permission: Permission | undefined): boolean {
  return permission !== undefined && roleHas(role, permission);
}
