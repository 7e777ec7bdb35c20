import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../cli/embedded/free-port.js';
import { createMeilisearchIndex } from '../../search/meilisearch/adapter.js';
import { decodeLabelled, encodeLabelled, encodeValue } from '../../search/meilisearch/facet-values.js';
import { correction, MARK_END, MARK_START, matchedWords } from '../../search/meilisearch/matched-words.js';
import { SearchUnavailable } from '../../search/port.js';

const REQUEST = { text: 'orders', filters: {}, visibleTo: 'everything', facets: [], limit: 10 } as const;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Something that answers HTTP at an address where the engine was expected. */
async function answering(status: number, body: string): Promise<string> {
  server = createServer((_, response) => response.writeHead(status).end(body));
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

describe('an engine that cannot be had is SearchUnavailable, with the reason and without the key', () => {
  test('nobody listens', async () => {
    const index = createMeilisearchIndex({ url: `http://127.0.0.1:${await freePort()}`, key: 'a-secret-key' });
    for (const attempt of [index.search(REQUEST), index.prepare(), index.write({ put: [], remove: ['1'] })]) {
      const error = await attempt.then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error).toBeInstanceOf(SearchUnavailable);
      expect(error?.message).toContain('cannot be reached');
      expect(`${error?.message}${JSON.stringify(error)}`).not.toContain('a-secret-key');
    }
    expect(await index.health()).toMatchObject({ ok: false });
    await index.close();
  });

  test.each([
    [
      'it refuses the key',
      403,
      '{"code":"invalid_api_key","message":"The provided API key is invalid."}',
      'invalid_api_key',
    ],
    [
      'it has no such index',
      404,
      '{"code":"index_not_found","message":"Index `entities` not found."}',
      'index_not_found',
    ],
    ['a proxy answers in its place', 502, '<html>Bad gateway</html>', 'HTTP 502'],
  ])('%s', async (_what, status, body, said) => {
    const index = createMeilisearchIndex({ url: await answering(status, body) });
    await expect(index.search(REQUEST)).rejects.toThrow(said);
    await expect(index.search(REQUEST)).rejects.toThrow(SearchUnavailable);
    await index.close();
  });
});

test.each(['plain', `o'"\\ x`, 'Größe', 'UPPER lower', ' edges ', '%25', 'a~b', '订单', ''])(
  'a facet value survives the way into a filter and back: "%s"',
  (value) => {
    const encoded = encodeValue(value);
    expect(encoded).not.toMatch(/["\\\s]/);
    expect(encoded).toBe(encoded.toLowerCase());
    expect(decodeLabelled(encoded)).toEqual({ value });
    expect(decodeLabelled(encodeLabelled('id-1', value))).toEqual({ value: 'id-1', label: value });
  },
);

test('a correction is read off what the engine marked', () => {
  const marked = [`dim ${MARK_START}customer${MARK_END} ${MARK_START}order${MARK_END}s`];
  const matched = matchedWords(marked);
  expect(matched).toEqual([
    { word: 'customer', prefix: false },
    { word: 'order', prefix: true },
  ]);
  expect(correction('custmer ordr', matched)).toBe('customer order');
  expect(correction('customer ord', matched)).toBeUndefined();
});
