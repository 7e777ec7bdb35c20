import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SourceTable } from '../../../catalog/model/table.js';
import { loadSql, sampleSchema } from '../../servers/load-sql.js';
import { createSource, type Source, servers } from './source.js';

/** Pagila needs PostgreSQL 18. */
const cases = servers
  .flatMap((server) => [
    { ...server, file: 'pagila-schema.sql' },
    { ...server, file: 'chinook-postgresql.sql' },
    { ...server, file: 'adventureworks-postgresql.sql' },
  ])
  .filter(({ name, file }) => file !== 'pagila-schema.sql' || name === 'PostgreSQL 18')
  .map((one) => ({ ...one, path: sampleSchema(one.file) }))
  .filter((one) => one.path !== undefined);

const USERS = `NOT IN ('pg_catalog', 'information_schema', 'pg_toast')`;

/**
 * Loads each sample schema into each server and compares what `read` makes of it, object by object, with the server's
 * own catalogue, by queries written apart from the connector's.
 */
export function describeRealSchemas(how: string, read: (source: Source) => Promise<SourceTable[]>): void {
  describe.each(cases)(`$file on $name ${how}`, ({ url, path = '' }) => {
    let source: Source;
    let tables: SourceTable[];
    beforeAll(async () => {
      source = await createSource(url);
      await loadSql(source.url, path);
      tables = await read(source);
    }, 120_000);
    afterAll(() => source.drop());

    /** Rows of a query of this test's own, as text. */
    async function ask(query: string): Promise<string[][]> {
      const client = new pg.Client({ connectionString: source.url });
      await client.connect();
      try {
        await client.query(`SET search_path = ''`);
        return (await client.query<(string | null)[]>({ text: query, rowMode: 'array' })).rows.map((row) =>
          row.map((value) => (value === null ? '' : String(value))),
        );
      } finally {
        await client.end();
      }
    }
    const sorted = (rows: readonly (readonly unknown[])[]) =>
      rows.map((row) => row.map((value) => String(value ?? ''))).sort();

    test('every table, view, materialised view and foreign table is there, with its comment', async () => {
      const expected = await ask(`
      SELECT schemaname, tablename, CASE WHEN p.partrelid IS NULL THEN 'TABLE' ELSE 'PARTITIONED_TABLE' END, tableowner,
             obj_description(format('%I.%I', schemaname, tablename)::regclass, 'pg_class')
        FROM pg_tables LEFT JOIN pg_partitioned_table p ON p.partrelid = format('%I.%I', schemaname, tablename)::regclass
       WHERE schemaname ${USERS} AND format('%I.%I', schemaname, tablename)::regclass NOT IN
             (SELECT i.inhrelid FROM pg_inherits i JOIN pg_partitioned_table t ON t.partrelid = i.inhparent)
      UNION ALL SELECT schemaname, viewname, 'VIEW', viewowner, obj_description(format('%I.%I', schemaname, viewname)::regclass, 'pg_class') FROM pg_views WHERE schemaname ${USERS}
      UNION ALL SELECT schemaname, matviewname, 'MATERIALIZED_VIEW', matviewowner, obj_description(format('%I.%I', schemaname, matviewname)::regclass, 'pg_class') FROM pg_matviews WHERE schemaname ${USERS}`);
      expect(expected.length).toBeGreaterThan(10);
      expect(
        sorted(tables.map(({ schema, name, type, owner, comment }) => [schema, name, type, owner, comment])),
      ).toEqual(sorted(expected));
    });

    test('every column is there, with its type, nullability, default, generation, identity and comment', async () => {
      const expected = await ask(`
      SELECT table_schema, table_name, column_name,
             row_number() OVER (PARTITION BY table_schema, table_name ORDER BY ordinal_position),
             is_nullable, CASE WHEN is_generated = 'NEVER' THEN column_default END, generation_expression,
             lower(identity_generation),
             col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position)
        FROM information_schema.columns
       WHERE table_schema ${USERS} AND format('%I.%I', table_schema, table_name)::regclass NOT IN
             (SELECT i.inhrelid FROM pg_inherits i JOIN pg_partitioned_table t ON t.partrelid = i.inhparent)`);
      const relations = tables.filter(({ type }) => type !== 'MATERIALIZED_VIEW');
      expect(
        sorted(
          relations.flatMap(({ schema, name, structure }) =>
            structure.columns.map((column) => [
              schema,
              name,
              column.name,
              column.ordinal,
              column.nullable ? 'YES' : 'NO',
              column.default,
              column.generated?.expression,
              column.identity,
              column.comment,
            ]),
          ),
        ),
      ).toEqual(sorted(expected));
      const types = await ask(`
      SELECT c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
       WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace::regnamespace::text ${USERS}
         AND c.relkind = ANY ('{r,p,v,m,f}') AND NOT c.relispartition`);
      const identifier = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`);
      expect(
        sorted(
          tables.flatMap(({ schema, name, structure }) =>
            structure.columns.map((column) => [
              `${identifier(schema ?? '')}.${identifier(name)}`,
              column.name,
              column.type,
            ]),
          ),
        ),
      ).toEqual(sorted(types));
    });

    test('every primary, unique and foreign key is there', async () => {
      const columns = `(SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM information_schema.key_column_usage k
      WHERE (k.constraint_schema, k.constraint_name, k.table_name) = (t.constraint_schema, t.constraint_name, t.table_name))`;
      const expected = await ask(`
      SELECT t.table_schema, t.table_name, t.constraint_type, t.constraint_name, ${columns}
        FROM information_schema.table_constraints t
       WHERE t.table_schema ${USERS} AND t.constraint_type IN ('PRIMARY KEY', 'UNIQUE', 'FOREIGN KEY')
         AND format('%I.%I', table_schema, table_name)::regclass NOT IN
             (SELECT i.inhrelid FROM pg_inherits i JOIN pg_partitioned_table t ON t.partrelid = i.inhparent)`);
      expect(
        sorted(
          tables.flatMap(({ schema, name, structure: { primaryKey, uniqueKeys, foreignKeys } }) => [
            ...(primaryKey === undefined ? [] : [[schema, name, 'PRIMARY KEY', primaryKey.name, primaryKey.columns]]),
            ...uniqueKeys.map((key) => [schema, name, 'UNIQUE', key.name, key.columns]),
            ...foreignKeys.map((key) => [schema, name, 'FOREIGN KEY', key.name, key.columns]),
          ]),
        ),
      ).toEqual(sorted(expected));
    });

    test('every foreign key refers where the server says', async () => {
      const expected = await ask(`
      SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE contype = 'f' AND conparentid = 0 AND conrelid NOT IN (SELECT oid FROM pg_class WHERE relispartition)`);
      const quote = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name}"`);
      const definitions = tables.flatMap(({ schema, name, structure }) =>
        structure.foreignKeys.map(({ name: key, columns, references, onUpdate, onDelete }) => [
          `${quote(schema ?? '')}.${quote(name)}`,
          key,
          [
            `FOREIGN KEY (${columns.map(quote).join(', ')})`,
            `REFERENCES ${quote(references.schema ?? '')}.${quote(references.table)}(${references.columns.map(quote).join(', ')})`,
            ...(onUpdate === 'NO ACTION' ? [] : [`ON UPDATE ${onUpdate}`]),
            ...(onDelete === 'NO ACTION' ? [] : [`ON DELETE ${onDelete}`]),
          ].join(' '),
        ]),
      );
      expect(sorted(definitions)).toEqual(sorted(expected));
    });

    test('every index has the definition that the server prints, and its comment', async () => {
      const expected = await ask(`
      SELECT schemaname, tablename, indexname, indexdef,
             obj_description(format('%I.%I', schemaname, indexname)::regclass, 'pg_class')
        FROM pg_indexes WHERE schemaname ${USERS} AND format('%I.%I', schemaname, tablename)::regclass NOT IN
             (SELECT i.inhrelid FROM pg_inherits i JOIN pg_partitioned_table t ON t.partrelid = i.inhparent)`);
      expect(
        sorted(
          tables.flatMap(({ schema, name, structure }) =>
            structure.indexes.map((index) => [schema, name, index.name, index.definition, index.comment]),
          ),
        ),
      ).toEqual(sorted(expected));
    });

    test('every view has the text that the server prints', async () => {
      const expected = await ask(`
      SELECT schemaname, viewname, pg_get_viewdef(format('%I.%I', schemaname, viewname)::regclass, true) FROM pg_views WHERE schemaname ${USERS}
      UNION ALL
      SELECT schemaname, matviewname, pg_get_viewdef(format('%I.%I', schemaname, matviewname)::regclass, true) FROM pg_matviews WHERE schemaname ${USERS}`);
      const texts = tables.flatMap(({ schema, name, structure: { viewDefinition } }) =>
        viewDefinition === undefined ? [] : [[schema, name, viewDefinition]],
      );
      expect(sorted(texts)).toEqual(sorted(expected));
    });

    test('every partition is listed under its table, with its bound', async () => {
      const expected = await ask(`
      SELECT p.relname, c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i
        JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition AND c.relkind = 'r'`);
      expect(
        sorted(tables.flatMap(({ name, partitions }) => partitions.map((one) => [name, one.name, one.bound]))),
      ).toEqual(sorted(expected));
    });
  });
}
