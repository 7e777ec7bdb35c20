import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalTable } from '../../../catalog/collect/canonical.js';
import { columnCount, withoutText } from '../../../catalog/model/structure-text.js';
import type { SourceTable } from '../../../catalog/model/table.js';
import { loadSql, sampleSchema } from '../../servers/load-sql.js';
import { drawStep, randomFrom, startingSchema } from './random-ddl.js';
import { createSource, readAll, type Source, servers, tableNamed } from './source.js';

const SEED = Number(process.env.DATAMAP_TEST_SEED ?? Math.floor(Math.random() * 1e9));
const STEPS = 60;
const SAMPLES = ['pagila-schema.sql', 'chinook-postgresql.sql', 'adventureworks-postgresql.sql'];

/** Reads everything and expects each text to be what the catalog writes for the structure that it stands for. */
async function expectCanonicalTexts(source: Source): Promise<SourceTable[]> {
  const { tables } = await readAll(await source.open());
  for (const table of tables) {
    const objects = withoutText(table);
    expect(table.structureText, table.name).toBeDefined();
    expect(columnCount(table)).toBe(objects.structure.columns.length);
    const [passed, made] = [canonicalTable(table), canonicalTable(objects)];
    expect(passed.structure.toString()).toBe(made.structure);
    expect(passed.hash).toEqual(made.hash);
  }
  return tables;
}

describe.each(servers)('the text of a structure on $name', ({ name, url }) => {
  let source: Source;
  beforeAll(async () => {
    source = await createSource(url);
  });
  afterAll(() => source.drop());

  test('holds names and comments of any characters as the catalog writes them', async () => {
    const texts = [
      '"',
      '\\',
      'a\\u0000b',
      '\\ud800',
      "o'clock",
      '\t\n\r\b\f\u0001\u001f',
      '\u007f\u2028\u2029',
      '😀 ñ',
      ' , {}',
      'a", "b',
    ];
    const columns = texts.map((text) => `${pg.escapeIdentifier(text)} text DEFAULT ${pg.escapeLiteral(text)}`);
    await source.client.query(`CREATE SCHEMA odd; CREATE TABLE odd.texts (${columns.join(', ')})`);
    for (const text of texts) {
      const column = `odd.texts.${pg.escapeIdentifier(text)}`;
      await source.client.query(`COMMENT ON COLUMN ${column} IS ${pg.escapeLiteral(text)}`);
    }
    await source.client.query(`COMMENT ON TABLE odd.texts IS ${pg.escapeLiteral(texts.join(''))}`);
    const table = tableNamed(await expectCanonicalTexts(source), 'texts');
    expect(table.comment).toBe(texts.join(''));
    expect(table.structure.columns.map((column) => [column.name, column.comment])).toEqual(
      texts.map((text) => [text, text]),
    );
  });

  test('holds names with commas, and types with each kind of modifier that may refuse NULL', async () => {
    await source.client.query(`
      CREATE SCHEMA plain;
      CREATE TYPE plain.mood AS ENUM ('good');
      CREATE TABLE plain.table (
        "a, b" text, seconds timestamp(0) NOT NULL, "c, " numeric(12, 2) NOT NULL, letters varchar(40)[], mood plain.mood NOT NULL);
      COMMENT ON COLUMN plain.table.seconds IS 'one, two'`);
    const table = tableNamed(await expectCanonicalTexts(source), 'table');
    expect(table.structure.columns.map(({ name, type, nullable, comment }) => [name, type, nullable, comment])).toEqual(
      [
        ['a, b', 'text', true, undefined],
        ['seconds', 'timestamp(0) without time zone', false, 'one, two'],
        ['c, ', 'numeric(12,2)', false, undefined],
        ['letters', 'character varying(40)[]', true, undefined],
        ['mood', 'plain.mood', false, undefined],
      ],
    );
  });

  test('holds the comments of a table of many columns', async () => {
    const columns = Array.from({ length: 150 }, (_, index) => `c${index} integer`);
    await source.client.query(`CREATE SCHEMA wide; CREATE TABLE wide.many (${columns.join(', ')})`);
    const comments = columns.map((_, index) => (index % 3 === 0 ? `"${index}" of \\ 表 'many'` : undefined));
    for (const [index, comment] of comments.entries())
      if (comment !== undefined)
        await source.client.query(`COMMENT ON COLUMN wide.many.c${index} IS ${pg.escapeLiteral(comment)}`);
    await source.client.query(`COMMENT ON TABLE wide.many IS 'of all'; ALTER TABLE wide.many DROP COLUMN c1`);
    const table = tableNamed(await expectCanonicalTexts(source), 'many');
    expect(table.comment).toBe('of all');
    expect(table.structure.columns.map(({ comment }) => comment)).toEqual(comments.filter((_, index) => index !== 1));
  });

  test.each(SAMPLES.filter((file) => sampleSchema(file) !== undefined))('is canonical for %s', async (file) => {
    if (file === 'pagila-schema.sql' && name !== 'PostgreSQL 18') return;
    const sample = await createSource(url);
    try {
      await loadSql(sample.url, sampleSchema(file) ?? '');
      expect((await expectCanonicalTexts(sample)).length).toBeGreaterThan(10);
    } finally {
      await sample.drop();
    }
  });

  test(`is canonical after ${STEPS} random steps (DATAMAP_TEST_SEED=${SEED})`, async () => {
    const random = randomFrom(SEED);
    const owners = [await source.role(), await source.role()] as const;
    await source.client.query(startingSchema(...owners));
    await expectCanonicalTexts(source);
    for (let step = 0; step < STEPS; step += 1) {
      const { sql } = await drawStep(source.client, random, owners);
      await source.client.query(sql).catch(() => source.client.query('ROLLBACK'));
    }
    await expectCanonicalTexts(source);
  });
});
