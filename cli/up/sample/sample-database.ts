import { readFileSync } from 'node:fs';
import { asOwner, type EmbeddedPostgres, ensureDatabase, ensureRole } from '../postgres-part.js';

export const SAMPLE_DATABASE = 'shop';
export const SAMPLE_READER = 'shop_reader';
const SAMPLE_OWNER = 'shop_owner';

/** Makes the sample shop in the embedded PostgreSQL, and the account that reads it and may change nothing. Idempotent. */
export async function ensureSampleDatabase(postgres: EmbeddedPostgres): Promise<void> {
  await asOwner(postgres, 'postgres', async (client) => {
    await ensureRole(client, SAMPLE_READER, postgres.passwords.sampleReader);
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [SAMPLE_OWNER]);
    if (rowCount === 0) await client.query(`CREATE ROLE ${SAMPLE_OWNER} NOLOGIN`);
    await ensureDatabase(client, SAMPLE_DATABASE, SAMPLE_OWNER);
    await client.query(`GRANT CONNECT ON DATABASE ${SAMPLE_DATABASE} TO ${SAMPLE_READER}`);
  });
  await asOwner(postgres, SAMPLE_DATABASE, async (client) => {
    // All of it or nothing: a start that is killed half-way finds it empty the next time.
    await client.query('BEGIN');
    const { rowCount } = await client.query(`SELECT FROM pg_namespace WHERE nspname = 'reporting'`);
    if (rowCount === 0) {
      await client.query(`SET LOCAL ROLE ${SAMPLE_OWNER}`);
      await client.query(readFileSync(new URL('./shop.sql', import.meta.url), 'utf8'));
      await client.query('RESET ROLE');
      await client.query(GRANTS);
    }
    await client.query('COMMIT');
  });
}

const SCHEMAS = 'sales, catalog, logistics, reporting';

const GRANTS = `
  GRANT USAGE ON SCHEMA ${SCHEMAS} TO ${SAMPLE_READER};
  GRANT SELECT ON ALL TABLES IN SCHEMA ${SCHEMAS} TO ${SAMPLE_READER};
  ALTER ROLE ${SAMPLE_READER} IN DATABASE ${SAMPLE_DATABASE} SET default_transaction_read_only = on;
`;
