import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutText } from '../../../catalog/model/structure-text.js';
import type { SourceTable } from '../../../catalog/model/table.js';
import type { DatabaseReader, ObjectHead } from '../../../connectors/contract.js';
import { xidHash } from '../../../connectors/postgresql/fingerprint-query.js';
import { drawStep, randomFrom, startingSchema } from './random-ddl.js';
import { createSource, readAll, type Source, servers } from './source.js';

const SEED = Number(process.env.DATAMAP_TEST_SEED ?? Math.floor(Math.random() * 1e9));
const STEPS = Number(process.env.DATAMAP_TEST_STEPS ?? 150);
const ROUND = 50;

/** Listed as what was never read, an object has what its reading leaves of the fingerprint. */
async function expectFirstReadingToTellTheSame(
  reader: DatabaseReader,
  heads: readonly ObjectHead[],
  tables: readonly SourceTable[],
): Promise<void> {
  const beyond: ObjectHead[] = [];
  for await (const batch of reader.listUnread?.() ?? []) beyond.push(...batch);
  expect(beyond.map(({ fingerprint: _, ...head }) => head)).toEqual(heads.map(({ fingerprint: _, ...head }) => head));
  const told = tables.map((table, index) => `${table.fingerprint}${beyond[index]?.fingerprint}`);
  expect(told).toEqual(heads.map(({ fingerprint }) => fingerprint));
}

/** What a crawl would know of each object: its fingerprint, and its canonical form without what rows change. */
async function snapshot(reader: DatabaseReader) {
  await reader.describe();
  const { heads, tables, problems } = await readAll(reader);
  expect(problems).toEqual([]);
  expect(tables.map(({ key }) => key)).toEqual(heads.map(({ key }) => key));
  await expectFirstReadingToTellTheSame(reader, heads, tables);
  return new Map(
    tables.map(withoutText).map(({ rows: _, bytes: __, fingerprint: ___, partitions, ...table }, index) => [
      table.key,
      {
        fingerprint: heads[index]?.fingerprint,
        form: JSON.stringify({
          ...table,
          partitions: partitions.map(({ rows: ____, bytes: _____, ...partition }) => partition),
        }),
      },
    ]),
  );
}

/** One change for each part of a fingerprint, by what it reaches, mostly from afar. Run one after the other. */
const CHANGES: [reached: string, sql: string][] = [
  ['a table renamed', 'ALTER TABLE b.orders RENAME TO purchases'],
  ['a table moved to another schema', 'ALTER TABLE b.purchases SET SCHEMA a'],
  ['a column comment', `COMMENT ON COLUMN a.people.name IS 'first name'`],
  ['an index comment', `COMMENT ON INDEX a.people_pkey IS 'another'`],
  ['an index renamed', 'ALTER INDEX a.kept_id_idx RENAME TO kept_key'],
  ['index options', 'ALTER INDEX a.kept_key SET (fillfactor = 70)'],
  ['table options', 'ALTER TABLE a.child SET (fillfactor = 70)'],
  ['persistence', 'ALTER TABLE a.child SET UNLOGGED'],
  ['row security', 'ALTER TABLE a.child ENABLE ROW LEVEL SECURITY'],
  ['a default', `ALTER TABLE a.people ALTER name SET DEFAULT 'none'`],
  ['a constraint renamed', 'ALTER TABLE a.purchases RENAME CONSTRAINT orders_person_fkey TO to_people'],
  ['a key’s target renamed', 'ALTER TABLE a.people RENAME TO persons'],
  ['a key’s target column renamed', 'ALTER TABLE a.persons RENAME id TO number'],
  [
    'two tables alike that swap names',
    'BEGIN; ALTER TABLE b.twin RENAME TO x; ALTER TABLE b.twine RENAME TO twin; ALTER TABLE b.x RENAME TO twine; COMMIT',
  ],
  ['a view’s text alone', 'CREATE OR REPLACE VIEW b.over AS SELECT * FROM a.seen LIMIT 1'],
  ['a view’s column renamed under another view', 'ALTER TABLE a.seen RENAME COLUMN name TO called'],
  ['an enum’s label in a default, a bound, a domain and an array', `ALTER TYPE a.mood RENAME VALUE 'sad' TO 'blue'`],
  ['an attribute of a composite type in a view', 'ALTER TYPE a.pair RENAME ATTRIBUTE y TO why'],
  ['an attribute more in the result of a function', 'ALTER TYPE a.pair ADD ATTRIBUTE z integer'],
  ['an attribute less in the result of a function', 'ALTER TYPE a.triple DROP ATTRIBUTE z'],
  ['a column dropped', 'ALTER TABLE b.wholes DROP COLUMN whole'],
  ['a domain that refuses NULL', 'ALTER DOMAIN a.feeling SET NOT NULL'],
  ['a domain renamed', 'ALTER DOMAIN b.feelings RENAME TO emotions'],
  ['a range type moved', 'ALTER TYPE a.span SET SCHEMA b'],
  ['a function renamed in an index and a generated column', 'ALTER FUNCTION a.half(integer) RENAME TO halve'],
  ['a function moved', 'ALTER FUNCTION a.halve(integer) SET SCHEMA b'],
  ['a function in a view moved', 'ALTER FUNCTION b.pairs() SET SCHEMA a'],
  ['an operator moved', 'ALTER OPERATOR a.=== (integer, integer) SET SCHEMA b'],
  ['an operator class renamed', 'ALTER OPERATOR CLASS b.backwards USING btree RENAME TO reversed'],
  ['a partial index dropped', 'DROP INDEX a.orders_n_idx'],
  ['a collation renamed', 'ALTER COLLATION a.plain RENAME TO simple'],
  ['a text search configuration renamed', 'ALTER TEXT SEARCH CONFIGURATION a.simple_words RENAME TO words'],
  ['a sequence renamed', 'ALTER SEQUENCE a.numbers RENAME TO figures'],
  ['a sub-partition renamed', 'ALTER TABLE b.spread_sad_1 RENAME TO january'],
  [
    'a bound alone',
    "BEGIN; ALTER TABLE b.spread_sad DETACH PARTITION b.january; ALTER TABLE b.spread_sad ATTACH PARTITION b.january FOR VALUES FROM ('2025-01-01') TO ('2025-02-01'); COMMIT",
  ],
  ['a sub-partition detached', 'ALTER TABLE b.spread_sad DETACH PARTITION b.january'],
  ['a partition moved', 'ALTER TABLE a.spread_rest SET SCHEMA b'],
  ['an inherited table’s name', 'ALTER TABLE b.twine RENAME TO parent'],
  ['options of a foreign table', `ALTER FOREIGN TABLE a.remote OPTIONS (SET table_name 'u')`],
  ['a foreign server renamed', 'ALTER SERVER far RENAME TO farther'],
  ['a schema renamed', 'ALTER SCHEMA b RENAME TO c'],
];

describe.each(servers)('fingerprints on $name', ({ url }) => {
  let source: Source;
  let reader: DatabaseReader;
  beforeAll(async () => {
    source = await createSource(url);
    reader = await source.open();
  });
  afterAll(() => source.drop());

  test('change with each thing that reaches an object', async () => {
    await startAnew(source);
    let before = await snapshot(reader);
    for (const [reached, sql] of CHANGES) {
      await source.client.query(sql);
      const after = await snapshot(reader);
      const changed = [...after].filter(([key, { form }]) => before.has(key) && before.get(key)?.form !== form);
      expect(changed.length, `${reached}: "${sql}" shows in the reading`).toBeGreaterThan(0);
      for (const [key, { fingerprint, form }] of changed)
        expect(fingerprint, `${reached}: "${sql}" changed ${form}`).not.toBe(before.get(key)?.fingerprint);
      before = after;
    }
  });

  test('stay as they are while transactions go by, also where they reach what initdb made', async () => {
    await startAnew(source);
    await source.client.query(`
      CREATE FUNCTION a.relations() RETURNS SETOF pg_class LANGUAGE sql AS 'SELECT * FROM pg_class';
      CREATE VIEW a.named AS SELECT relname FROM a.relations()`);
    const before = await snapshot(reader);
    for (let count = 0; count < 3; count += 1) await source.client.query('SELECT txid_current()');
    expect(await snapshot(reader)).toEqual(before);
  });

  test('tell transaction ids apart, however far from now', async () => {
    const ids = [1, 3, 4, 1_000, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 3, 2 ** 31 + 1_000, 2 ** 32 - 1];
    const { rows } = await source.client.query<{ hash: string }>(
      `SELECT ${xidHash('id', '7')} AS hash FROM unnest($1::text[]::xid[]) id`,
      [ids],
    );
    expect(new Set(rows.map(({ hash }) => hash)).size).toBe(ids.length);
  });

  test('change when an owner is renamed', async () => {
    await startAnew(source);
    const before = await snapshot(reader);
    const [owner = ''] = await ownersOf(source);
    await source.client.query(`ALTER ROLE ${owner} RENAME TO "${owner}_renamed"`);
    const after = await snapshot(reader);
    expect([...after].filter(([key, { fingerprint }]) => before.get(key)?.fingerprint !== fingerprint)).toHaveLength(1);
  });

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
    expect(changed).toBeGreaterThan(STEPS / 5);
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
