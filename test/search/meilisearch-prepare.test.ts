import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createMeilisearchIndex } from '../../search/meilisearch/adapter.js';
import { SETTINGS } from '../../search/meilisearch/settings.js';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** What Meilisearch 1.50 says of an index that has our settings: sets in its own order, and all that it has beside them. */
const AS_TOLD = {
  ...SETTINGS,
  displayedAttributes: ['*'],
  stopWords: [],
  filterableAttributes: [...(SETTINGS.filterableAttributes ?? [])].reverse(),
  typoTolerance: {
    ...SETTINGS.typoTolerance,
    disableOnWords: [],
    disableOnAttributes: ['column_keys', 'name_key'],
  },
  prefixSearch: 'indexingTime',
};

/** An engine with one index, whose tasks succeed at once. */
async function engineWith(settings: unknown): Promise<{ url: string; asked: string[]; changed: unknown[] }> {
  const asked: string[] = [];
  const changed: unknown[] = [];
  const task = { taskUid: 1, uid: 1, status: 'succeeded', type: 'settingsUpdate', indexUid: 'entities', error: null };
  const listening = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      if (request.method === 'PATCH') changed.push(JSON.parse(body));
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(request.url?.endsWith('/settings') && request.method === 'GET' ? settings : task));
    });
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, asked, changed };
}

test('an index that has its settings is told nothing: the engine would go through all documents once more', async () => {
  const { url, asked } = await engineWith(AS_TOLD);
  const index = createMeilisearchIndex({ url });
  await index.prepare();
  expect(asked).toEqual(['GET /indexes/entities/settings']);
  await index.close();
});

test('of settings that differ, in their order where it counts, those alone are changed', async () => {
  const rankingRules = [...(SETTINGS.rankingRules ?? [])].reverse();
  const { url, changed } = await engineWith({ ...AS_TOLD, rankingRules, pagination: { maxTotalHits: 1_000 } });
  const index = createMeilisearchIndex({ url });
  await index.prepare();
  expect(changed).toEqual([{ rankingRules: SETTINGS.rankingRules, pagination: SETTINGS.pagination }]);
  await index.close();
});
