import { afterAll, beforeAll, expect } from 'vitest';
import { describeChinook } from '../connectors/mysql/describe-chinook.js';
import { describeRealSchemas } from '../connectors/postgresql/describe-real-schemas.js';
import { connectionTo } from '../connectors/postgresql/source.js';
import { type CollectingStack, startCollectingStack } from './collecting-stack.js';

let stack: CollectingStack;
beforeAll(async () => {
  stack = await startCollectingStack();
}, 60_000);
afterAll(() => stack.stop());

async function collected(...[type, connection, name]: Parameters<CollectingStack['collect']>) {
  const run = await stack.collect(type, connection, name);
  expect(run).toMatchObject({ status: 'succeeded', error: null, counts: { databases: 1, problems: 0 } });
  const tables = await stack.tables(name);
  expect(run.counts).toMatchObject({ tables: tables.length, added: tables.length });
  return tables;
}

describeRealSchemas('on the map after a run', ({ url, name }) => collected('postgresql', connectionTo(url), name));
describeChinook('on the map after a run', (source) => collected('mysql', source.connection(), source.database));
