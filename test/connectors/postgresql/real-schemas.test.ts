import { expect } from 'vitest';
import { describeRealSchemas } from './describe-real-schemas.js';
import { readAll } from './source.js';

describeRealSchemas('as the connector reads it', async (source) => {
  const { tables, problems, gone } = await readAll(await source.open());
  expect([problems, gone]).toEqual([[], []]);
  return tables;
});
