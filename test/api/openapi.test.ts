import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { document } from './declared-shapes.js';

it('is a valid OpenAPI 3.1 document', async () => {
  const result = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

it('says of every operation who may call it', () => {
  for (const [path, operations] of Object.entries(document.paths ?? {}))
    for (const [method, operation] of Object.entries(operations))
      expect(operation, `${method} ${path}`).toMatchObject({
        'x-access': { kind: expect.any(String) },
        summary: expect.any(String),
      });
});

it('names every schema of an answer, so that clients generated from it have names too', () => {
  expect(Object.keys(document.components?.schemas ?? {})).toEqual(
    expect.arrayContaining(['Problem', 'Crawler', 'Run', 'SearchAnswer', 'DataSource', 'Workspace']),
  );
});
