import { randomUUID } from 'node:crypto';
import { createCollection } from '../../catalog/collections/write-collections.js';
import { createTest } from '../../catalog/jobs/connection-tests.js';
import { requestOperation } from '../../catalog/operations/write-operations.js';
import { createPreview } from '../../catalog/preview/previews.js';
import { createRefresh } from '../../catalog/refresh/refreshes.js';
import { createWebhook } from '../../catalog/webhooks/webhooks.js';
import { indexAssets } from '../../search/index-assets.js';
import { indexTaskCode } from '../../search/index-task-code.js';
import type { CrawledCatalog } from '../fakes/crawled-catalog.js';
import { suggestedFor } from '../fakes/suggested-for.js';
import { runEvent, tell } from '../lineage/told-events.js';
import type { ApiUnderTest, Caller } from './api-under-test.js';

interface Of {
  tableId: string;
  runId: string;
  /** An admin of the workspace, who makes the things. */
  by: Caller;
  /** Marks the things. */
  word: string;
  /** Marks what whoever sees the table is told of it; the same when left out. */
  shown?: string;
}

/** Has it that there is one of everything that a path can name, and returns the ids, by the first segment of the path. */
export async function thingsOf(
  api: ApiUnderTest,
  catalog: CrawledCatalog,
  { tableId, runId, by, word, shown = word }: Of,
): Promise<Record<string, string>> {
  const one = async (sql: string) => (await catalog.rows<{ id: string }>(sql, [catalog.crawlerId]))[0]?.id ?? '';
  const dataSourceId = await one('SELECT data_source_id AS id FROM crawler WHERE id = ?');
  const testId = randomUUID();
  await createTest(api.database, { testId, dataSourceId, resourceGroupId: 'default' });
  const crawler = { id: catalog.crawlerId, name: `${word} crawler`, workspaceId: catalog.workspaceId };
  const operation = await requestOperation(api.database, { kind: 'narrow_scope', crawler, leaving: [] });
  const saved = await api.call('POST', '/saved-searches', {
    as: by,
    body: { name: word, query: { q: word }, workspaceId: catalog.workspaceId },
  });
  const { webhook } = await createWebhook(api.database, api.context.secretKey, {
    workspaceId: catalog.workspaceId,
    name: word,
    url: 'https://hooks.example',
    events: ['run.finished'],
    crawlerId: null,
    createdBy: by.personId,
  });
  const collectionId = await createCollection(
    api.database,
    { name: word, visibility: 'workspace', workspaceId: catalog.workspaceId },
    by.personId,
  );
  const [previewId, refreshId] = [randomUUID(), randomUUID()];
  const asker = { requestedBy: by.personId };
  await createPreview(api.database, { previewId, entityId: tableId, resourceGroupId: 'default', rows: 1, ...asker });
  await createRefresh(api.database, { refreshId, items: [{ asked: word, outcome: 'not-found' }], ...asker });
  const token = await api.call('POST', '/tokens', { as: by, body: { name: word } });
  return {
    apis: await apiOf(api, catalog, by, word),
    'ai-assets': await modelOf(catalog, word),
    'lineage-jobs': await jobOn(catalog, `${shown} job`),
    entities: tableId,
    tables: tableId,
    runs: runId,
    crawlers: catalog.crawlerId,
    'data-sources': dataSourceId,
    'connection-tests': testId,
    'held-removals': await one('SELECT id FROM held_removal WHERE crawler_id = ?'),
    operations: operation.id,
    'saved-searches': saved.body.id,
    tokens: token.body.id,
    webhooks: webhook.id,
    collections: collectionId,
    previews: previewId,
    'description-suggestions': await suggestedFor(api.database, tableId, shown, 'c3'),
    refreshes: refreshId,
    workspaces: catalog.workspaceId,
    people: by.personId,
    'resource-groups': 'none',
  };
}

/** A job that moves data between two tables of the catalog, told for its workspace with its code, of which it is found. */
async function jobOn(
  { database, collectedDatabaseId, workspaceId, rows }: CrawledCatalog,
  name: string,
): Promise<string> {
  const tables = await rows<{ told: string }>(
    `SELECT 'postgres://' || d.instance || ' ' || d.name || '.' || e.schema_name || '.' || e.name AS told
     FROM collected_database d
     JOIN entity e ON e.collected_database_id = d.id
     WHERE d.id = ? AND e.kind = 'table' AND e.removed_at IS NULL
     ORDER BY e.id DESC LIMIT 2`,
    [collectedDatabaseId],
  );
  const [from = '', to = ''] = tables.map(({ told }) => told);
  const jobFacets = { sql: { query: `SELECT ${name.replaceAll(' ', '_')} FROM orders` } };
  await tell(database, [runEvent({ job: name, inputs: [from], outputs: [to], jobFacets })], { workspaceId });
  while (await indexTaskCode(database, 10));
  const [job] = await rows<{ id: string }>(`SELECT id FROM lineage_process WHERE kind = 'job' AND name = ?`, [name]);
  return job?.id ?? '';
}

/** An API of a document that the workspace was given, under the name `petstore`. */
export async function apiOf(
  api: ApiUnderTest,
  { workspaceId }: CrawledCatalog,
  by: Caller,
  word: string,
): Promise<string> {
  const document = {
    openapi: '3.1.0',
    info: { title: `${word} store`, version: '1' },
    paths: { [`/${word}`]: { get: { summary: `List ${word}` } } },
  };
  await api.call('PUT', `/workspaces/${workspaceId}/api-documents/petstore`, { as: by, body: document });
  const { body } = await api.call('GET', `/search?kind=api&q=${word}`, { as: by });
  return body.apis[0].id;
}

/** A model that events of the workspace told of. */
export async function modelOf({ database, workspaceId, rows }: CrawledCatalog, word: string): Promise<string> {
  const facets = { datasetType: { datasetType: 'MODEL' }, documentation: { description: `Of ${word}` } };
  const name = `${word}_model`;
  await tell(database, [runEvent({ job: `train ${word}`, outputs: [[`models ${name}`, facets]] })], { workspaceId });
  while (await indexAssets(database, 10));
  const [model] = await rows<{ id: string }>('SELECT id FROM asset WHERE name = ?', [name]);
  return model?.id ?? '';
}
