import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceTable } from '../../../catalog/model/table.js';
import { MARIADB, TestSource } from './source.js';

export const CHINOOK = join(process.env.DATAMAP_TEST_SCHEMAS ?? resolve('../shared/data'), 'chinook-mysql.sql');

if (!existsSync(CHINOOK))
  console.warn(`\n*** NOT TESTED, because there is no ${CHINOOK}: name its folder in DATAMAP_TEST_SCHEMAS\n`);

/** The script makes and uses a database of its own name; here everything goes into the test's. */
export function chinookInto(database: string): string {
  return readFileSync(CHINOOK, 'utf8')
    .replace(/^\uFEFF/, '')
    .replace(/^\s*DROP DATABASE.*$/gm, '')
    .replace(/^\s*CREATE DATABASE.*$/gm, '')
    .replace(/^\s*USE .*$/gm, `USE \`${database}\`;`);
}

/**
 * Loads Chinook and compares what `read` makes of it with SHOW FULL COLUMNS, SHOW INDEX, SHOW TABLE STATUS and
 * SHOW CREATE TABLE: the connector reads information_schema.
 */
export function describeChinook(how: string, read: (source: TestSource) => Promise<SourceTable[]>): void {
  describe.skipIf(MARIADB === '' || !existsSync(CHINOOK))(`Chinook on MariaDB ${how}`, () => {
    let source: TestSource;
    let tables: Map<string, SourceTable>;
    let names: string[];
    beforeAll(async () => {
      source = await TestSource.create();
      await source.run(chinookInto(source.database));
      tables = new Map((await read(source)).map((table) => [table.name, table]));
      names = (await source.rows('SHOW TABLES')).map((row) => String(Object.values(row)[0]));
    });
    afterAll(() => source?.drop());

    it('has each table, and no other', () => {
      expect(names.length).toBeGreaterThan(10);
      expect([...tables.keys()].sort()).toEqual(names.sort());
    });

    it('has each column with type, nullability, default, identity, collation and comment', async () => {
      for (const name of names) {
        const shown = await source.rows(`SHOW FULL COLUMNS FROM \`${name}\``);
        expect(tables.get(name)?.structure.columns).toEqual(
          shown.map((column, place) => ({
            name: column.Field,
            ordinal: place + 1,
            type: column.Type,
            baseType: String(column.Type).replace(/\W.*$/, ''),
            nullable: column.Null === 'YES',
            ...(column.Default === null ? {} : { default: column.Default }),
            ...(column.Extra === 'auto_increment' ? { identity: 'auto_increment' } : {}),
            ...(column.Collation === null ? {} : { collation: column.Collation }),
            ...(column.Comment === '' ? {} : { comment: column.Comment }),
          })),
        );
      }
    });

    it('has each index and key', async () => {
      for (const name of names) {
        const shown = await source.rows(`SHOW INDEX FROM \`${name}\``);
        const expected = new Map<string, { unique: boolean; method: unknown; columns: unknown[] }>();
        for (const part of shown) {
          const index = expected.get(String(part.Key_name)) ?? {
            unique: Number(part.Non_unique) === 0,
            method: part.Index_type,
            columns: [],
          };
          index.columns.push(part.Column_name);
          expected.set(String(part.Key_name), index);
        }
        const structure = tables.get(name)?.structure;
        expect(new Map(structure?.indexes.map(({ name: index, ...rest }) => [index, rest]))).toEqual(expected);
        expect(structure?.primaryKey?.columns).toEqual(expected.get('PRIMARY')?.columns);
        expect(structure?.uniqueKeys.map((key) => key.name).sort()).toEqual(
          [...expected]
            .filter(([key, { unique }]) => unique && key !== 'PRIMARY')
            .map(([key]) => key)
            .sort(),
        );
      }
    });

    it('has each foreign key with its rules', async () => {
      let seen = 0;
      for (const name of names) {
        const [row] = await source.rows(`SHOW CREATE TABLE \`${name}\``);
        const text = String(row?.['Create Table']);
        const expected = [
          ...text.matchAll(
            /CONSTRAINT `(\w+)` FOREIGN KEY \((.+?)\) REFERENCES `(\w+)` \((.+?)\)(?: ON DELETE ([A-Z ]+?))?(?: ON UPDATE ([A-Z ]+?))?,?\n/g,
          ),
        ].map(([, key, columns, table, referenced, onDelete, onUpdate]) => ({
          name: key,
          columns: columns?.replaceAll('`', '').split(', '),
          references: { table, columns: referenced?.replaceAll('`', '').split(', ') },
          onUpdate: (onUpdate ?? 'RESTRICT').replace('NO ACTION', 'RESTRICT'),
          onDelete: (onDelete ?? 'RESTRICT').replace('NO ACTION', 'RESTRICT'),
        }));
        seen += expected.length;
        const found = tables.get(name)?.structure.foreignKeys ?? [];
        // Two words for one thing; the server itself uses either.
        const plain = found.map((key) => ({
          ...key,
          onUpdate: key.onUpdate?.replace('NO ACTION', 'RESTRICT'),
          onDelete: key.onDelete?.replace('NO ACTION', 'RESTRICT'),
        }));
        expect(plain.sort((a, b) => a.name.localeCompare(b.name))).toEqual(
          expected.sort((a, b) => String(a.name).localeCompare(String(b.name))),
        );
      }
      expect(seen).toBeGreaterThan(8);
    });

    it('has engine, collation and comment of each table', async () => {
      for (const status of await source.rows('SHOW TABLE STATUS')) {
        const table = tables.get(String(status.Name));
        expect(table?.structure.properties).toMatchObject({ engine: status.Engine, collation: status.Collation });
        expect(table?.comment ?? '').toBe(status.Comment);
        expect(table?.rows).toBe(Number(status.Rows));
        expect(table?.bytes).toBe(Number(status.Data_length) + Number(status.Index_length));
      }
    });
  });
}
