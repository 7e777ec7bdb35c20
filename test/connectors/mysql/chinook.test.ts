import { expect } from 'vitest';
import { describeChinook } from './describe-chinook.js';
import { readAll } from './source.js';

describeChinook('as the connector reads it', async (source) => {
  const { tables, problems, gone } = await readAll(await source.open());
  expect([problems, gone]).toEqual([[], []]);
  return tables;
});
