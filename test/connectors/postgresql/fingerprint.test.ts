import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseReader } from '../../../connectors/contract.js';
import { drawStep, randomFrom, startingSchema } from './random-ddl.js';
import { createSource, readAll, type Source, servers } from './source.js';

const SEED = Number(process.env.DATAMAP_TEST_SEED ?? Math.floor(Math.random() * 1e9));
const STEPS = Number(process.env.DATAMAP_TEST_STEPS ?? 150);
const ROUND = 50;

/** What a crawl would know of each object: its fingerprint, and its canonical form without what rows change. */
async function snapshot(reader: DatabaseReader) {
  await reader.describe();
  const { heads, tables, problems } = await readAll(reader);
  expect(problems).toEqual([]);
  expect(tables.map(({ key }) => key)).toEqual(heads.map(({ key }) => key));
  return new Map(
    tables.map(({ rows: _, bytes: __, partitions, ...table }, index) => [
      table.key,
      {
        fingerprint: heads[index]?.fingerprint,
        form: JSON.stringify({
          ...table,
          partitions: partitions.map(({ rows: ___, bytes: ____, ...partition }) => partition),
        }),
      },
    ]),
  );
}

describe.each(servers)('fingerprints on $name', ({ url }) => {
  let source: Source;
  let reader: DatabaseReader;
  beforeAll(async () => {
    source = await createSource(url);
    reader = await source.open();
  });
  afterAll(() => source.drop());

  test(`change with whatever changes an object, in ${STEPS} random steps (DATAMAP_TEST_SEED=${SEED})`, async () => {
    const random = randomFrom(SEED);
    let before = new Map<string, { fingerprint: string | undefined; form: string }>();
    let applied = 0;
    let changed = 0;
    for (let step = 0; step < STEPS; step += 1) {
      // Steps that drop things leave less and less to change, so every now and then all begins anew.
      if (step % ROUND === 0) {
        await startAnew(source);
        before = await snapshot(reader);
      }
      const { sql, quiet } = await drawStep(source.client, random, await ownersOf(source));
      try {
        await source.client.query(sql);
      } catch {
        await source.client.query('ROLLBACK');
        continue;
      }
      applied += 1;
      const after = await snapshot(reader);
      for (const [key, { fingerprint, form }] of after) {
        const earlier = before.get(key);
        if (earlier === undefined) continue;
        if (quiet) expect(fingerprint, `step ${step}: "${sql}" must not change ${form}`).toBe(earlier.fingerprint);
        if (earlier.form === form) continue;
        changed += 1;
        expect(fingerprint, `step ${step}: "${sql}" changed ${earlier.form} to ${form}`).not.toBe(earlier.fingerprint);
      }
      before = after;
    }
    console.log(`${source.name}: seed ${SEED}, ${applied} of ${STEPS} steps applied, ${changed} objects changed`);
    expect(applied).toBeGreaterThan(STEPS / 2);
    expect(changed).toBeGreaterThan(STEPS / 2);
  }, 600_000);
});

async function startAnew(source: Source): Promise<void> {
  const { rows } = await source.client.query<{ drop: string }>(`
    SELECT format('DROP SCHEMA %I CASCADE', nspname) AS drop FROM pg_namespace
     WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN ('information_schema', 'public')
    UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER %I CASCADE', fdwname) FROM pg_foreign_data_wrapper`);
  for (const { drop } of rows) await source.client.query(drop);
  await source.client.query(startingSchema(await source.role(), await source.role()));
}

async function ownersOf(source: Source): Promise<string[]> {
  const { rows } = await source.client.query<{ role: string }>(
    `SELECT DISTINCT quote_ident(pg_get_userbyid(relowner)) AS role FROM pg_class WHERE relowner <> 10`,
  );
  return rows.map(({ role }) => role);
}
