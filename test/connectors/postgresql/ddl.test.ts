import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Ddl, ddlText } from '../../../catalog/model/ddl.js';
import { withoutText } from '../../../catalog/model/structure-text.js';
import type { SourceTable } from '../../../catalog/model/table.js';
import { postgresqlDdl } from '../../../connectors/postgresql/ddl.js';
import { sqlName } from '../../../connectors/postgresql/ddl-names.js';
import { loadSql, sampleSchema } from '../../servers/load-sql.js';
import { createSource, readAll, type Source, servers } from './source.js';

const written = (table: SourceTable): Ddl =>
  postgresqlDdl({
    ...withoutText(table),
    owner: table.owner ?? null,
    comment: table.comment ?? null,
    partitionsLeftOut: 0,
  });

/** What of a table its DDL is to make again. */
const shapeOf = ({ schema, name, type, comment, structure, partitions }: SourceTable) => ({
  schema,
  name,
  type,
  comment,
  structure,
  partitions: partitions.map((partition) => [partition.name, partition.bound, partition.parent]),
});

/** Runs each table's text whole; one that needs another that is not there yet has its turn again. */
async function runAll(client: pg.Client, tables: readonly Ddl[]): Promise<void> {
  let waiting = [...tables];
  while (waiting.length > 0) {
    const failed: { ddl: Ddl; error: unknown }[] = [];
    for (const ddl of waiting) {
      const text = ddlText({ ...ddl, foreignKeys: [] });
      await client.query(text).catch((error: unknown) => failed.push({ ddl, error }));
    }
    if (failed.length === waiting.length)
      throw new Error(`${String(failed[0]?.error)} in\n${ddlText(failed[0]?.ddl as Ddl)}`);
    waiting = failed.map(({ ddl }) => ddl);
  }
  for (const { foreignKeys } of tables) for (const statement of foreignKeys) await client.query(statement);
}

const DROP_RELATIONS = `
DO $$ DECLARE relation record; BEGIN
  FOR relation IN
    SELECT c.oid::regclass::text AS name, c.relkind
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
     ORDER BY c.relkind = 'S', c.relkind <> 'v', c.relkind <> 'm'
  LOOP
    IF to_regclass(relation.name) IS NOT NULL THEN
      EXECUTE format('DROP %s %s CASCADE', CASE relation.relkind
        WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
        ELSE 'TABLE' END, relation.name);
    END IF;
  END LOOP;
END $$`;

/** Reads a database, makes its tables anew in another that has all but tables, and reads that. */
async function expectSameAgain(url: string, fill: (source: Source) => Promise<void>): Promise<Ddl[]> {
  const [first, second] = [await createSource(url), await createSource(url)];
  try {
    await fill(first);
    await fill(second);
    await second.client.query(DROP_RELATIONS);
    const before = await readAll(await first.open());
    expect(before.problems).toEqual([]);
    const texts = before.tables.map(written);
    await runAll(second.client, texts);
    const after = await readAll(await second.open());
    const byName = (tables: SourceTable[]) =>
      tables.map(shapeOf).sort((a, b) => (`${a.schema}.${a.name}` < `${b.schema}.${b.name}` ? -1 : 1));
    expect(byName(after.tables)).toEqual(byName(before.tables));
    return texts;
  } finally {
    await first.drop();
    await second.drop();
  }
}

/** Pagila needs PostgreSQL 18. */
const samplesOf = (server: string) => [
  ...(server === 'PostgreSQL 18' ? ['pagila-schema.sql'] : []),
  'chinook-postgresql.sql',
  'adventureworks-postgresql.sql',
];

describe.each(servers)('the DDL of $name', ({ url, name }) => {
  it.each(samplesOf(name))('makes the tables of %s again as they were', async (file) => {
    const path = sampleSchema(file);
    if (path === undefined) return;
    const texts = await expectSameAgain(url, (source) => loadSql(source.url, path));
    expect(texts.length).toBeGreaterThan(10);
  });

  it('makes everything else that a table can be made of again', async () => {
    const texts = await expectSameAgain(url, (source) => source.client.query(EVERYTHING).then(() => undefined));
    const notes = texts.flatMap((ddl) => ddl.notes);
    expect(notes).toContain('It needs the server elsewhere of the wrapper postgres_fdw.');
    expect(notes.join()).not.toContain('hunter2');
  });

  it('says which partitions it cannot make', async () => {
    const source = await createSource(url);
    try {
      await source.client.query(`
        CREATE TABLE public.events (id integer, at date) PARTITION BY RANGE (at);
        CREATE TABLE public.events_2026 PARTITION OF public.events
          FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (id);
        CREATE TABLE public.events_2026_a PARTITION OF public.events_2026 FOR VALUES IN (1)`);
      const [table] = (await readAll(await source.open())).tables;
      const { notes, statements } = written(table as SourceTable);
      expect(statements).toHaveLength(1);
      expect(notes.filter((note) => note.includes('artition'))).toEqual([
        'The partition public.events_2026 is left out with its own: by what it is partitioned is not collected.',
        'Partitions of partitions that are left out with them: 1.',
      ]);
      const ofVersion = postgresqlDdl({
        ...withoutText(table as SourceTable),
        owner: null,
        comment: null,
        partitions: [],
        partitionsLeftOut: 'all',
      });
      expect(ofVersion.notes.join()).toContain('versions keep how a table is partitioned, not its partitions');
    } finally {
      await source.drop();
    }
  });

  it('quotes the names that the server would quote', async () => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      const { rows } = await client.query<{ word: string; quoted: string }>(
        'SELECT word, quote_ident(word) AS quoted FROM pg_get_keywords()',
      );
      const unlike = rows.filter(({ word, quoted }) => quoted !== word && sqlName(word) === word);
      expect(unlike.map(({ word }) => word).join(' ')).toBe('');
    } finally {
      await client.end();
    }
  });
});

const EVERYTHING = `
CREATE SCHEMA "Odd ""schema";
SET search_path = "Odd ""schema", public;
CREATE EXTENSION postgres_fdw SCHEMA public;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'db.example', dbname 'far');
CREATE TYPE mood AS ENUM ('good', 'it''s bad');
CREATE TYPE typed AS (a integer, b text);
CREATE DOMAIN positive AS integer NOT NULL CHECK (VALUE > 0);
CREATE COLLATION own (provider = icu, locale = 'de');
CREATE SEQUENCE "Shared seq";
CREATE TABLE plain (
  id serial PRIMARY KEY,
  "select" integer GENERATED ALWAYS AS IDENTITY (START WITH 7),
  other bigint GENERATED BY DEFAULT AS IDENTITY,
  twice integer GENERATED ALWAYS AS (other::integer * 2) STORED,
  shared bigint DEFAULT nextval('"Shared seq"'),
  mood mood NOT NULL DEFAULT 'it''s bad',
  moods mood[] DEFAULT '{}',
  count positive DEFAULT 1,
  german text COLLATE own,
  plain_order text COLLATE "C" DEFAULT E'tab\\tand ''quote''',
  amount numeric(12, 2) DEFAULT 0.00,
  period tstzrange,
  at timestamptz(3) DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Unique one" UNIQUE (other, "select") INCLUDE (german) WITH (fillfactor = 70)
) WITH (fillfactor = 80, autovacuum_enabled = false);
COMMENT ON TABLE plain IS 'Its own -- words; and \\ more';
COMMENT ON COLUMN plain."select" IS 'line one
line two';
CREATE INDEX by_part ON plain (lower(german) text_pattern_ops, at DESC NULLS LAST) WHERE count > 3;
CREATE INDEX by_hash ON plain USING hash (mood);
COMMENT ON INDEX by_part IS 'of few';
ALTER TABLE plain ENABLE ROW LEVEL SECURITY;
ALTER TABLE plain FORCE ROW LEVEL SECURITY;
CREATE UNLOGGED TABLE loose (
  plain_id integer REFERENCES plain ON DELETE CASCADE,
  a bigint, b integer,
  CONSTRAINT of_both FOREIGN KEY (a, b) REFERENCES plain (other, "select") ON UPDATE SET NULL ON DELETE SET DEFAULT
);
CREATE TABLE empty ();
CREATE TABLE of_type OF typed (a WITH OPTIONS NOT NULL DEFAULT 4, PRIMARY KEY (a));
CREATE TABLE parent (id integer NOT NULL, note text DEFAULT 'of parent');
CREATE TABLE child (extra date) INHERITS (parent);
CREATE TABLE spread (id integer, region text NOT NULL, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE spread_eu PARTITION OF spread FOR VALUES IN ('de', 'it''s');
CREATE TABLE public.spread_us PARTITION OF spread FOR VALUES IN ('us');
CREATE TABLE spread_rest PARTITION OF spread DEFAULT;
CREATE INDEX spread_id ON spread (id);
CREATE FOREIGN TABLE far (id integer OPTIONS (column_name 'no'), at date NOT NULL) SERVER elsewhere
  OPTIONS (schema_name 'x', table_name 'it''s');
CREATE VIEW seen WITH (security_barrier = true, check_option = local) AS SELECT id, "select" AS "As other" FROM plain WHERE id > 1;
ALTER VIEW seen ALTER COLUMN "As other" SET DEFAULT 5;
COMMENT ON VIEW seen IS 'a view';
COMMENT ON COLUMN seen.id IS 'of a view';
CREATE MATERIALIZED VIEW kept WITH (fillfactor = 60) AS SELECT mood, count(*) AS n FROM plain GROUP BY mood;
CREATE UNIQUE INDEX kept_mood ON kept (mood);
COMMENT ON MATERIALIZED VIEW kept IS 'kept';
SET search_path = ''`;
