import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Dialect, ExtractionTask } from '../lineage/sql/statement-lineage.js';

/** A statement, and the tables that it reads, as `schema.name`. */
export interface SyntheticStatement {
  shape: string;
  task: ExtractionTask;
  /** Undefined where nobody wrote them down. */
  reads: string[] | undefined;
}

/** Columns of every table of the statements below. */
export const COLUMNS = Array.from({ length: 30 }, (_, place) => `c${place}`);

type Draw = (below: number) => number;
interface Made {
  sql: string;
  reads: string[];
  dialect?: Dialect;
  /** Its text is a bare query, as sources keep those of views. */
  view?: true;
}

const SHAPES: Record<string, (draw: Draw) => Made> = {
  'view of a join': (draw) => {
    const [a, b] = [table(draw), table(draw)];
    return {
      view: true,
      sql: ` SELECT a.c0 AS id,\n    a.c1,\n    b.c2 AS amount,\n    (a.c3 + b.c3) AS total\n   FROM (${a} a\n     JOIN ${b} b ON ((a.c0 = b.c1)))\n  WHERE (a.c4 > ${draw(1_000)});`,
      reads: [a, b],
    };
  },
  'view of groups': (draw) => {
    const tables = [table(draw), table(draw), table(draw)];
    const [a, b, c] = tables;
    return {
      view: true,
      sql: ` SELECT a.c1 AS region,\n    date_trunc('month'::text, b.c2) AS month,\n    count(*) AS orders,\n    sum(b.c3) AS amount,\n        CASE\n            WHEN (sum(b.c3) > (${draw(9_999)})::numeric) THEN 'large'::text\n            ELSE 'small'::text\n        END AS size,\n    max(c.c4) AS last\n   FROM ((${a} a\n     JOIN ${b} b ON ((b.c0 = a.c0)))\n     LEFT JOIN ${c} c ON (((c.c0 = b.c1) AND (c.c5 IS NOT NULL))))\n  GROUP BY a.c1, (date_trunc('month'::text, b.c2))\n HAVING (count(*) > 1);`,
      reads: tables,
    };
  },
  'view of 60 columns': (draw) => {
    const [a, b] = [table(draw), table(draw)];
    const outputs = Array.from({ length: 60 }, (_, place) => `${place % 2 ? 'a' : 'b'}.c${place % 30} AS o${place}`);
    return {
      view: true,
      sql: ` SELECT ${outputs.join(',\n    ')}\n   FROM (${a} a\n     JOIN ${b} b USING (c0));`,
      reads: [a, b],
    };
  },
  'INSERT of a query': (draw) => {
    const tables = [table(draw), table(draw), table(draw)];
    const [a, b, c] = tables;
    return {
      sql: `INSERT INTO ${table(draw)} (c0, c1, c2, c3)\nSELECT a.c0, coalesce(b.c1, 'none'), a.c2 * b.c3, row_number() OVER (PARTITION BY a.c4 ORDER BY a.c5)\nFROM ${a} a\nJOIN ${b} b ON b.c0 = a.c0\nWHERE a.c6 IN (SELECT c6 FROM ${c} WHERE c7 > ${draw(1_000)})`,
      reads: tables,
    };
  },
  'INSERT of a chain': (draw) => {
    const length = 3 + draw(5);
    const tables = Array.from({ length }, () => table(draw));
    const chain = tables.map((name, place) =>
      place === 0
        ? `step_0 AS (SELECT c0, c1, c2 FROM ${name} WHERE c3 >= ${draw(500)})`
        : `step_${place} AS (SELECT s.c0, t.c${place} AS c1, s.c2 + t.c2 AS c2 FROM step_${place - 1} s JOIN ${name} t ON t.c0 = s.c0)`,
    );
    return {
      sql: `INSERT INTO ${table(draw)}\nWITH ${chain.join(',\n')}\nSELECT c0, max(c1), sum(c2) FROM step_${length - 1} GROUP BY c0`,
      reads: tables,
    };
  },
  'CREATE TABLE AS': (draw) => {
    const tables = [table(draw), table(draw)];
    return {
      sql: `CREATE TABLE ${table(draw)} AS\nWITH recent AS (SELECT * FROM ${tables[0]} WHERE c9 > now() - interval '${1 + draw(30)} days')\nSELECT r.c0, r.c1, t.c2, count(*) AS n FROM recent r LEFT JOIN ${tables[1]} t ON t.c0 = r.c0 GROUP BY 1, 2, 3`,
      reads: tables,
    };
  },
  'UNION of queries': (draw) => {
    const tables = Array.from({ length: 4 }, () => table(draw));
    const parts = tables.map(
      (name, place) => `SELECT c0, c1, '${place}' AS origin FROM ${name} WHERE c2 = ${draw(100)}`,
    );
    return { sql: `INSERT INTO ${table(draw)} ${parts.join('\nUNION ALL\n')}`, reads: tables };
  },
  MERGE: (draw) => {
    const [source, target] = [table(draw), `mart.target_${draw(1_000)}`];
    return {
      sql: `MERGE INTO ${target} t USING (SELECT c0, c1, sum(c2) AS c2 FROM ${source} GROUP BY c0, c1) s ON (t.c0 = s.c0)\nWHEN MATCHED THEN UPDATE SET c1 = s.c1, c2 = s.c2\nWHEN NOT MATCHED THEN INSERT (c0, c1, c2) VALUES (s.c0, s.c1, s.c2)`,
      reads: [source],
    };
  },
  'UPDATE FROM': (draw) => {
    const source = table(draw);
    return {
      sql: `UPDATE mart.target_${draw(1_000)} t SET c1 = s.c1, c2 = s.c2 + ${draw(10)} FROM ${source} s WHERE s.c0 = t.c0 AND s.c3 IS NOT NULL`,
      reads: [source],
    };
  },
  "MySQL's view": (draw) => {
    const [a, b] = [table(draw), table(draw)];
    const quote = (name: string) =>
      name
        .split('.')
        .map((part) => `\`${part}\``)
        .join('.');
    return {
      view: true,
      dialect: 'mysql',
      sql: `select \`a\`.\`c0\` AS \`id\`,concat(\`a\`.\`c1\`,_utf8mb4'${draw(99)}',\`b\`.\`c2\`) AS \`label\`,count(\`b\`.\`c3\`) AS \`n\` from (${quote(a)} \`a\` left join ${quote(b)} \`b\` on((\`a\`.\`c0\` = \`b\`.\`c0\`))) group by \`a\`.\`c0\``,
      reads: [a, b],
    };
  },
  "Hive's partitions": (draw) => {
    const [a, b] = [table(draw), table(draw)];
    return {
      dialect: 'hive',
      sql: `INSERT OVERWRITE TABLE ${table(draw)} PARTITION (ds='\${bizdate}')\nSELECT a.c0, b.c1, sum(a.c2) FROM ${a} a JOIN ${b} b ON a.c0 = b.c0 WHERE a.ds = '\${bizdate}' AND a.c5 <> ${draw(50)} GROUP BY a.c0, b.c1`,
      reads: [a, b],
    };
  },
  "StarRocks' load": (draw) => {
    const a = table(draw);
    return {
      dialect: 'starrocks',
      sql: `INSERT INTO ${table(draw)} WITH LABEL load_${draw(9_999)} SELECT c0, c1, c2 FROM ${a}`,
      reads: [a],
    };
  },
};

/** Statements of all shapes in turn, the same each time; no two are alike. */
export function syntheticStatements(count: number): SyntheticStatement[] {
  let seed = 20_260_101;
  const draw: Draw = (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (seed >>> 8) % below;
  };
  const shapes = Object.entries(SHAPES);
  return Array.from({ length: count }, (_, place) => {
    const [shape, make] = shapes[place % shapes.length] as (typeof shapes)[number];
    const { sql, reads, dialect = 'postgresql', view } = make(draw);
    const target = view === undefined ? {} : { target: { table: { schema: 'mart', name: `view_${place}` } } };
    return { shape, task: { sql, dialect, ...target }, reads: [...new Set(reads)] };
  });
}

const SAMPLES = ['adventureworks-postgresql.sql', 'pagila-schema.sql'];

/** The views of the sample schemas, where they are on this machine. */
export function sampleViews(): SyntheticStatement[] {
  const directory = process.env.DATAMAP_TEST_SCHEMAS ?? resolve('../shared/data');
  return SAMPLES.map((file) => `${directory}/${file}`)
    .filter((path) => existsSync(path))
    .flatMap((path) => [
      ...readFileSync(path, 'utf8').matchAll(/^CREATE (?:OR REPLACE )?(?:MATERIALIZED )?VIEW [\s\S]*?;\s*$/gim),
    ])
    .map(([sql]) => ({
      shape: 'views of the sample schemas',
      task: { sql, dialect: 'postgresql', defaults: { schema: 'public' } },
      reads: undefined,
    }));
}

const table = (draw: Draw): string => `${['raw', 'ods', 'dwd', 'mart'][draw(4)]}.source_${draw(5_000)}`;
