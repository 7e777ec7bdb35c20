import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SecretUnavailable } from '../../../catalog/sources/errors.js';
import { resolveConnection } from '../../../catalog/sources/resolve-connection.js';
import { type ReferencePolicy, referencePolicy } from '../../../catalog/sources/secret-references.js';
import { query } from '../../../db/query.js';
import { NotFound } from '../../../db/refusals.js';
import { testDatabase } from '../../servers/test-database.js';
import { installation, secretKey } from '../installation.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let place: Awaited<ReturnType<typeof installation>>;
const directory = mkdtempSync(join(tmpdir(), 'datamap-secrets-'));
beforeAll(async () => {
  catalog = await testDatabase();
  place = await installation(catalog.database);
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await catalog.drop();
});

const policy = (environment: Record<string, string> = {}): ReferencePolicy => ({
  environment,
  variables: ['SHOP_*', 'EXACT'],
  directories: [directory],
});
const resolved = (id: string, environment?: Record<string, string>) =>
  resolveConnection(catalog.database, secretKey, id, policy(environment));

test('a sealed credential moved to another source by hand is refused', async () => {
  const [from, to] = [await place.addSource({ secrets: { password: 'x' } }), await place.addSource()];
  await query(
    catalog.database,
    `UPDATE data_source SET secret_sealed = (SELECT secret_sealed FROM data_source WHERE id = :from) WHERE id = :to`,
    { from: from.id, to: to.id },
  );
  await expect(resolved(to.id)).rejects.toMatchObject({ code: 'SECRET_UNAVAILABLE', message: /altered/ });
  await expect(resolved(randomUUID())).rejects.toThrow(NotFound);
});

test('a reference is followed to a variable or a file, without the last line end', async () => {
  writeFileSync(join(directory, 'password'), ' pass word \r\n');
  const source = await place.addSource({
    secretRefs: { password: `file:${directory}/password`, clientKey: 'env:SHOP_KEY' },
  });
  expect((await resolved(source.id, { SHOP_KEY: 'k' })).secrets).toEqual({ password: ' pass word ', clientKey: 'k' });
});

test.each([
  ['env:SHOP_MISSING', /SHOP_MISSING is not set/],
  ['env:OTHER', /may not be read/],
  ['file:/etc/hostname', /outside/],
  [`file:${directory}/../up`, /outside/],
  [`file:${directory}/missing`, /cannot be read.*ENOENT/],
  [`file:${directory}/large`, /larger than 64 kB/],
  [`file:${directory}/empty`, /is empty/],
  [`file:${directory}/link`, /outside/],
])('%s is refused by naming the reference and not the content', async (reference, message) => {
  writeFileSync(join(directory, 'large'), 'hidden-content'.repeat(10_000));
  writeFileSync(join(directory, 'empty'), '\n');
  rmSync(join(directory, 'link'), { force: true });
  symlinkSync('/etc/hostname', join(directory, 'link'));
  const source = await place.addSource({ secretRefs: { password: reference } });
  const error = await resolved(source.id, { OTHER: 'hidden-content' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'SECRET_UNAVAILABLE', message, remedy: expect.any(String) });
  expect(String(error)).toContain(reference);
  expect(String(error)).not.toContain('hidden-content');
});

test("by default a reference cannot reach the worker's own secrets", async () => {
  const environment = { DATAMAP_SECRET_KEY: 'x', DATABASE_URL: 'y', DATAMAP_SOURCE_A: 'fine', LISTED: 'fine' };
  const defaults = referencePolicy({ ...environment, DATAMAP_SECRET_VARIABLES: 'LISTED, ' });
  const follow = async (reference: string) => {
    const source = await place.addSource({ secretRefs: { password: reference } });
    return (await resolveConnection(catalog.database, secretKey, source.id, defaults)).secrets.password;
  };
  expect(await follow('env:DATAMAP_SOURCE_A')).toBe('fine');
  expect(await follow('env:LISTED')).toBe('fine');
  for (const own of ['env:DATAMAP_SECRET_KEY', 'env:DATABASE_URL', 'file:/etc/passwd'])
    await expect(follow(own)).rejects.toThrow(SecretUnavailable);
});
