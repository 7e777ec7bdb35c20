import { createHash } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import pg from 'pg';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';

/** Throws unless the living tables of the map, with each column's name, type and comment, are exactly the source's. */
export async function assertMapEqualsPostgres(sourceUrl: string, catalog: Database): Promise<void> {
  const client = new pg.Client(sourceUrl);
  await client.connect();
  try {
    const { rows } = await client.query<TableDigest>(`
      SELECT table_schema || '.' || table_name AS name, md5(string_agg(line, E'\\n' ORDER BY ordinal_position)) AS digest
        FROM (
          SELECT i.table_schema, i.table_name, i.ordinal_position,
                 concat_ws('|', i.column_name, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum), obj_description(c.oid)) AS line
            FROM information_schema.columns i
            JOIN pg_class c ON c.relname = i.table_name AND c.relnamespace = i.table_schema::regnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = i.column_name
           WHERE i.table_schema LIKE 'area%' AND NOT c.relispartition
        ) AS columns
       GROUP BY table_schema, table_name`);
    await assertSame(rows, catalog);
  } finally {
    await client.end();
  }
}

/**
 * The same for a MySQL database. Columns and tables are put together here: a join of two tables of
 * `information_schema` opens every table once for each row of the other.
 */
export async function assertMapEqualsMysql(serverUrl: string, database: string, catalog: Database): Promise<void> {
  const connection = await createConnection({ uri: serverUrl, rowsAsArray: true });
  try {
    const read = async (sql: string) => (await connection.query(sql, [database]))[0] as string[][];
    const comments = new Map<string, string>();
    for (const [name = '', type, comment = ''] of await read(
      'SELECT TABLE_NAME, TABLE_TYPE, TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?',
    ))
      comments.set(name, type === 'VIEW' ? '' : comment);
    const lines = new Map<string, string[]>([...comments.keys()].map((name) => [name, []]));
    for (const [table = '', ...column] of await read(
      `SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLUMN_COMMENT
         FROM information_schema.COLUMNS
        WHERE TABLE_SCHEMA = ?
        ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    ))
      lines.get(table)?.push([...column, comments.get(table)].filter((part) => part !== '').join('|'));
    const digests = [...lines].map(([name, of]) => ({
      name,
      digest: createHash('md5').update(of.join('\n')).digest('hex'),
    }));
    await assertSame(digests, catalog);
  } finally {
    await connection.end();
  }
}

interface TableDigest {
  name: string;
  digest: string;
}

async function assertSame(source: TableDigest[], catalog: Database): Promise<void> {
  const map = await query<TableDigest>(
    catalog,
    `SELECT concat_ws('.', e.schema_name, e.name) AS name,
            (SELECT md5(string_agg(concat_ws('|', c ->> 'name', c ->> 'type', c ->> 'comment', e.comment), E'\\n' ORDER BY place))
               FROM jsonb_array_elements(e.structure::jsonb -> 'columns') WITH ORDINALITY AS columns (c, place)) AS digest
       FROM entity e
      WHERE e.kind = 'table' AND e.removed_at IS NULL`,
  );
  const expected = new Map(source.map((table) => [table.name, table.digest]));
  const wrong = map.filter((table) => expected.get(table.name) !== table.digest).map((table) => table.name);
  if (map.length !== source.length || wrong.length > 0) {
    throw new Error(
      `The map has ${map.length} tables, the source ${source.length}; ${wrong.length} differ, such as ${wrong.slice(0, 5).join(', ')}`,
    );
  }
}
