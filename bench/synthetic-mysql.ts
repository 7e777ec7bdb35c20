import { createConnection } from 'mysql2/promise';

const TYPES = [
  'bigint',
  'int',
  'text',
  'varchar(40)',
  'decimal(12,2)',
  'datetime',
  'date',
  'tinyint(1)',
  'json',
  'double',
  'smallint',
  'varchar(255)',
  'blob',
  'time',
  'float',
  'decimal(20,6)',
  'char(36)',
  'year(4)',
  'mediumtext',
];

/** Fills a database with tables of 20 columns, one in a hundred of them a view: comments, primary keys, every third a second index. */
export async function fillSyntheticMysql(
  serverUrl: string,
  database: string,
  relations: number,
  onProgress: (done: number) => void,
): Promise<void> {
  const connection = await createConnection({ uri: serverUrl, multipleStatements: true });
  try {
    await connection.query(`CREATE DATABASE ${database}`);
    await connection.query(`USE ${database}`);
    for (let start = 0; start < relations; start += 100) {
      await connection.query(
        Array.from({ length: Math.min(100, relations - start) }, (_, index) => relation(start + index)).join(';'),
      );
      onProgress(Math.min(start + 100, relations));
    }
  } finally {
    await connection.end();
  }
}

/** Changes the comment of the first table of every hundred and adds a column to it. */
export async function changeOnePercentMysql(serverUrl: string, database: string, relations: number): Promise<number> {
  const connection = await createConnection({ uri: serverUrl, multipleStatements: true });
  try {
    const marker = Date.now();
    const changed = Array.from({ length: Math.floor(relations / 100) }, (_, index) => index * 100);
    await connection.query(
      changed
        .map(
          (n) =>
            `ALTER TABLE ${database}.orders_${n}_daily ADD COLUMN added_${marker} text, COMMENT 'changed at ${marker}'`,
        )
        .join(';'),
    );
    return changed.length;
  } finally {
    await connection.end();
  }
}

function relation(n: number): string {
  if (n % 100 === 99) return `CREATE VIEW orders_${n}_daily AS SELECT * FROM orders_${n - 99}_daily`;
  const columns = TYPES.map((type, index) => `c${index} ${type} COMMENT 'column ${index} of table ${n}'`);
  const index = n % 3 === 0 ? [', KEY second (c1, c3)'] : [];
  return `CREATE TABLE orders_${n}_daily (id bigint PRIMARY KEY COMMENT 'identifies the row', ${columns.join(', ')}${index.join('')}) ENGINE=Aria COMMENT 'relation ${n}: orders of one day'`;
}
