import pg from 'pg';

/** Runs a script in a PostgreSQL database over a connection of its own. */
export async function runSql(url: string, script: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(script);
  } finally {
    await client.end();
  }
}
