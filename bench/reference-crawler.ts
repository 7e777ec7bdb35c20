import { createHash } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import Cursor from 'pg-cursor';

/**
 * The least that a crawl of a PostgreSQL source can do in Node and still end in a database: one bulk query with a JSON
 * row a table, read by cursor with one page ahead, hashed, compared with what is known, COPYed to a session table and
 * merged a thousand at a time. No indexes, partitions, foreign keys, view texts, versions, search or durability of the
 * run: the limit that the product's crawl is measured against.
 */
export async function referenceCrawl(
  sourceUrl: string,
  catalogUrl: string,
): Promise<{ seconds: number; tables: number; written: number }> {
  const started = process.hrtime.bigint();
  const source = new pg.Client(sourceUrl);
  const catalog = new pg.Client(catalogUrl);
  await Promise.all([source.connect(), catalog.connect()]);
  try {
    await catalog.query(
      `CREATE TABLE IF NOT EXISTS reference_table (key text PRIMARY KEY, hash text NOT NULL, doc jsonb NOT NULL)`,
    );
    await catalog.query(`CREATE TEMP TABLE staged (key text, hash text, doc jsonb)`);
    const { rows } = await catalog.query<{ key: string; hash: string }>('SELECT key, hash FROM reference_table');
    const known = new Map(rows.map((row) => [row.key, row.hash]));
    const cursor = source.query(new Cursor<[string, string]>(BULK_QUERY, [], { rowMode: 'array' }));
    let tables = 0;
    let written = 0;
    let page = cursor.read(1000);
    for (;;) {
      const current = await page;
      if (current.length === 0) break;
      page = cursor.read(1000);
      tables += current.length;
      const changed: string[] = [];
      for (const [key, doc] of current) {
        const hash = createHash('sha1').update(doc).digest('hex');
        if (known.get(key) !== hash) changed.push(`${copyText(key)}\t${hash}\t${copyText(doc)}\n`);
      }
      if (changed.length > 0) {
        written += changed.length;
        await merge(catalog, changed);
      }
    }
    return { seconds: Number(process.hrtime.bigint() - started) / 1e9, tables, written };
  } finally {
    await Promise.all([source.end(), catalog.end()]);
  }
}

async function merge(catalog: pg.Client, lines: string[]): Promise<void> {
  await catalog.query('BEGIN');
  const copy = catalog.query(copyFrom('COPY staged (key, hash, doc) FROM STDIN'));
  copy.end(lines.join(''));
  await once(copy, 'finish');
  await catalog.query(`
    MERGE INTO reference_table AS t USING staged AS s ON t.key = s.key
    WHEN MATCHED THEN UPDATE SET hash = s.hash, doc = s.doc
    WHEN NOT MATCHED THEN INSERT (key, hash, doc) VALUES (s.key, s.hash, s.doc)`);
  await catalog.query('TRUNCATE staged');
  await catalog.query('COMMIT');
}

const copyText = (text: string) =>
  text.replace(/[\\\n\r\t]/g, (found) => ({ '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' })[found] ?? found);

/** Tables and views with their columns, types, defaults, comments and primary key, one JSON row each. */
const BULK_QUERY = `
  SELECT c.oid::text,
         json_build_object('s', n.nspname, 't', c.relname, 'k', c.relkind, 'c', d.description, 'cols', a.cols, 'pk', k.conkey)::text
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
  LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
  JOIN (
    SELECT a.attrelid,
           json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(f.adbin, f.adrelid), ad.description) ORDER BY a.attnum) AS cols
    FROM pg_attribute a
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
    LEFT JOIN pg_description ad ON ad.objoid = a.attrelid AND ad.classoid = 'pg_class'::regclass AND ad.objsubid = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped
    GROUP BY a.attrelid
  ) a ON a.attrelid = c.oid
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`;
