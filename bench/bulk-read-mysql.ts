import { createConnection } from 'mysql2';

/** The catalogue questions that a full reading of a MySQL database cannot do without. */
const QUESTIONS = ['TABLES', 'COLUMNS', 'STATISTICS', 'KEY_COLUMN_USAGE', 'VIEWS', 'PARTITIONS'].map(
  (name) => `SELECT * FROM information_schema.${name} WHERE TABLE_SCHEMA = ?`,
);

/** Streams each bulk catalogue query of a database in turn and throws the rows away. Returns the seconds of all. */
export async function bulkReadMysql(serverUrl: string, database: string): Promise<number> {
  const connection = createConnection({ uri: serverUrl, rowsAsArray: true });
  const started = process.hrtime.bigint();
  for (const question of QUESTIONS) {
    await new Promise<void>((resolve, reject) => {
      connection
        .query(question, [database])
        .on('result', () => undefined)
        .on('end', resolve)
        .on('error', reject);
    });
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  connection.destroy();
  return seconds;
}
