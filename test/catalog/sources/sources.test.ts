import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorkspace, updateWorkspace } from '../../../access/workspaces.js';
import { CycleNeedsProduction } from '../../../catalog/crawlers/errors.js';
import { InvalidInput } from '../../../catalog/model/errors.js';
import { secretStates } from '../../../catalog/sources/data-source.js';
import { InstanceFixed, SecretUnavailable, SourceInUse } from '../../../catalog/sources/errors.js';
import { getSource, listSources } from '../../../catalog/sources/read-sources.js';
import { resolveConnection } from '../../../catalog/sources/resolve-connection.js';
import { deleteSource, updateSource } from '../../../catalog/sources/write-sources.js';
import { query } from '../../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../../db/refusals.js';
import { testDatabase } from '../../servers/test-database.js';
import { atOnce, installation, putTables, secretKey, shopType } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(() => catalog.drop());

const context = { secretKey, type: shopType };
const resolved = (id: string, environment: Record<string, string> = {}) =>
  resolveConnection(catalog.database, secretKey, id, { environment, variables: ['SHOP_*'], directories: [] });

test('a source is read back without its credentials, and resolved with them', async () => {
  const source = await place.addSource({
    config: { host: 'DB.Example.org', user: 'app' },
    secrets: { password: 'correct horse' },
    description: 'The shop',
    region: 'eu',
    createdBy: place.personId,
  });
  expect(source).toMatchObject({
    type: 'shopdb',
    instance: 'db.example.org:9000',
    config: { host: 'DB.Example.org', port: 9_000, user: 'app' },
    secrets: { password: 'set' },
    secretRefs: {},
    version: 1,
    crawlers: 0,
    region: 'eu',
  });
  expect(await getSource(catalog.database, source.id)).toEqual(source);
  expect(secretStates(shopType.secrets, source)).toEqual({ password: 'set', clientKey: 'missing' });
  expect(await resolved(source.id)).toEqual({
    type: 'shopdb',
    instance: 'db.example.org:9000',
    config: { host: 'DB.Example.org', port: 9_000, user: 'app' },
    secrets: { password: 'correct horse' },
    version: 1,
  });
  const rows = await query(catalog.database, 'SELECT s::text AS row FROM data_source s WHERE id = ?', [source.id]);
  const kept = JSON.stringify([source, rows]);
  // PostgreSQL shows bytes as hex.
  for (const spelling of ['horse', Buffer.from('horse').toString('hex')]) expect(kept).not.toContain(spelling);
});

test('an address of six is bracketed in the instance, and an instance may be named', async () => {
  expect((await place.addSource({ config: { host: 'FE80::1' } })).instance).toBe('[fe80::1]:9000');
  expect((await place.addSource({ instance: ' Shop-1 ' })).instance).toBe('Shop-1');
  await expect(place.addSource({ instance: ' ' })).rejects.toThrow(InvalidInput);
});

test('what the type refuses is named field by field', async () => {
  await expect(place.addSource({ config: { host: '', port: 'x', extra: 1 } })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    issues: expect.arrayContaining([
      { path: 'config.host', message: expect.any(String) },
      { path: 'config.port', message: expect.any(String) },
    ]),
  });
  const refused = (secrets: Record<string, string>, secretRefs: Record<string, string> = {}) =>
    expect(place.addSource({ secrets, secretRefs })).rejects.toThrow(InvalidInput);
  await refused({ passwort: 'x' });
  await refused({ password: '' });
  await refused({}, { passwort: 'env:SHOP_A' });
  await refused({}, { password: 'http://example.org' });
  await refused({}, { password: 'file:relative' });
  await refused({ password: 'x' }, { password: 'env:SHOP_A' });
});

test('a name is taken once in a workspace, and free in another', async () => {
  const { name } = await place.addSource();
  await expect(place.addSource({ name })).rejects.toThrow(NameTaken);
  const other = await createWorkspace(catalog.database, { name: randomUUID() }, place.personId);
  expect((await place.addSource({ name, workspaceId: other.id })).name).toBe(name);
  await expect(place.addSource({ workspaceId: randomUUID() })).rejects.toThrow(NotFound);
});

test('an edit changes what it names and nothing else, and only of the version it was made from', async () => {
  const source = await place.addSource({ secrets: { password: 'first', clientKey: 'key' }, region: 'eu' });
  const edited = await updateSource(catalog.database, context, source.id, {
    version: 1,
    config: { host: 'moved.example.org' },
    secrets: { password: 'second' },
    region: null,
  });
  expect(edited).toMatchObject({
    name: source.name,
    instance: source.instance,
    config: { host: 'moved.example.org', port: 9_000 },
    region: null,
    version: 2,
  });
  expect((await resolved(source.id)).secrets).toEqual({ password: 'second', clientKey: 'key' });
  await expect(updateSource(catalog.database, context, source.id, { version: 1, name: 'late' })).rejects.toMatchObject({
    code: 'VERSION_CONFLICT',
    currentVersion: 2,
  });
  await expect(updateSource(catalog.database, context, randomUUID(), { version: 1 })).rejects.toThrow(NotFound);
});

test('what search shows is brought up to date when a data source or its workspace gets another name, and only then', async () => {
  const workspace = await createWorkspace(catalog.database, { name: `renamed ${randomUUID()}` }, place.personId);
  const source = await place.addSource({ workspaceId: workspace.id });
  const crawler = await place.addCrawler({ source });
  await putTables(catalog.database, crawler.scope[0]?.id ?? '', [{ name: 'orders', columns: 1 }]);
  const waiting = async () =>
    (await query(catalog.database, 'DELETE FROM search_outbox WHERE crawler_id = ? RETURNING id', [crawler.id])).length;
  await updateSource(catalog.database, context, source.id, { version: 1, name: source.name, region: 'eu' });
  await updateWorkspace(catalog.database, workspace.id, { version: 1, description: 'the same name' });
  expect(await waiting()).toBe(0);
  await updateSource(catalog.database, context, source.id, { version: 2, name: `${source.name}, moved` });
  expect(await waiting()).toBe(1);
  await updateWorkspace(catalog.database, workspace.id, { version: 2, name: `${workspace.name}, moved` });
  expect(await waiting()).toBe(1);
});

test('of two edits of one version at once exactly one is made', async () => {
  const source = await place.addSource();
  const edits = await atOnce(
    catalog.database,
    { sql: 'SELECT 1 FROM data_source WHERE id = ? FOR UPDATE', bindings: [source.id] },
    ['a', 'b', 'c'].map(
      (description) => () => updateSource(catalog.database, context, source.id, { version: 1, description }),
    ),
  );
  expect(edits.filter((edit) => edit.status === 'fulfilled')).toHaveLength(1);
  for (const edit of edits) if (edit.status === 'rejected') expect(edit.reason).toBeInstanceOf(VersionConflict);
});

test('a credential is a value or a reference: the last one given counts', async () => {
  const source = await place.addSource({ secrets: { password: 'value', clientKey: 'key' } });
  const change = (version: number, rest: object) =>
    updateSource(catalog.database, context, source.id, { version, ...rest });
  const referring = await change(1, { secretRefs: { password: 'env:SHOP_PASSWORD' } });
  expect(referring.secrets).toEqual({ password: 'reference', clientKey: 'set' });
  expect((await resolved(source.id, { SHOP_PASSWORD: 'from there' })).secrets).toEqual({
    password: 'from there',
    clientKey: 'key',
  });
  expect((await change(2, { secrets: { password: 'again' } })).secrets).toEqual({ password: 'set', clientKey: 'set' });
  expect((await change(3, { secrets: { password: null } })).secrets).toEqual({ clientKey: 'set' });
  expect((await change(4, { secrets: { clientKey: null } })).secrets).toEqual({});
  await change(5, { secretRefs: { clientKey: 'env:EXACT' } });
  expect((await change(6, { secretRefs: { clientKey: null } })).secretRefs).toEqual({});
});

test('when the key is lost, entering all credentials again is enough', async () => {
  const source = await place.addSource({ secrets: { password: 'old', clientKey: 'old' } });
  const lost = { secretKey: Buffer.alloc(32, 9), type: shopType };
  await expect(
    updateSource(catalog.database, lost, source.id, { version: 1, secrets: { password: 'new' } }),
  ).rejects.toThrow(SecretUnavailable);
  await updateSource(catalog.database, lost, source.id, { version: 1, description: 'needs no key' });
  await updateSource(catalog.database, lost, source.id, { version: 2, secrets: { password: 'new', clientKey: 'new' } });
  expect((await resolveConnection(catalog.database, lost.secretKey, source.id)).secrets.password).toBe('new');
});

test('the instance stays', async () => {
  const source = await place.addSource();
  const change = (instance: string) =>
    updateSource(catalog.database, context, source.id, { version: source.version, instance });
  await expect(change('other:1')).rejects.toThrow(InstanceFixed);
  expect((await change(source.instance)).instance).toBe(source.instance);
});

test('a source that is collected by cycle cannot leave production', async () => {
  const source = await place.addSource();
  const crawler = await place.addCrawler({
    source,
    plan: { mode: 'cycle', every: 'day', hour: 2, minute: 30, timeZone: 'UTC' },
  });
  await expect(
    updateSource(catalog.database, context, source.id, { version: 1, environment: 'development' }),
  ).rejects.toMatchObject({ code: new CycleNeedsProduction().code, crawlers: [crawler.name] });
});

test('a source that is collected cannot be deleted, and says by whom', async () => {
  const source = await place.addSource();
  const crawler = await place.addCrawler({ source });
  await expect(deleteSource(catalog.database, source.id)).rejects.toMatchObject({
    code: 'SOURCE_IN_USE',
    crawlers: [{ id: crawler.id, name: crawler.name }],
  });
  await expect(deleteSource(catalog.database, source.id)).rejects.toThrow(SourceInUse);
  const free = await place.addSource();
  await deleteSource(catalog.database, free.id);
  await expect(deleteSource(catalog.database, free.id)).rejects.toThrow(NotFound);
});

test('sources are listed by name, a page at a time, of the workspaces asked for', async () => {
  const { id: workspaceId } = await createWorkspace(catalog.database, { name: randomUUID() }, place.personId);
  for (const name of ['b', 'A', 'c', 'B x']) await place.addSource({ name, workspaceId });
  const list = async (
    filters: { type?: string; text?: string } = {},
    visible: string[] | 'everything' = [workspaceId],
  ) => {
    const names: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listSources(catalog.database, {
        visible,
        filters: { workspaceId, ...filters },
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      names.push(...page.items.map((source) => source.name));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return names;
  };
  expect(await list()).toEqual(['A', 'b', 'B x', 'c']);
  expect(await list({ text: ' X' })).toEqual(['B x']);
  expect(await list({ type: 'mysql' })).toEqual([]);
  expect(await list({}, [randomUUID()])).toEqual([]);
  expect(await list({}, 'everything')).toHaveLength(4);
});
