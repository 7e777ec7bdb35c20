import pg from 'pg';
import { startPostgres } from '../embedded/postgres.js';
import type { Passwords } from './secrets.js';
import type { Part } from './supervisor.js';

export const CATALOG_DATABASE = 'datamap';
const CATALOG_ROLE = 'datamap_catalog';

export interface EmbeddedPostgres {
  directory: string;
  port: number;
  passwords: Passwords;
}

/** The embedded PostgreSQL as a part of the stack. */
export function postgresPart(postgres: EmbeddedPostgres, note: (pid: number) => void): Part {
  return {
    name: 'PostgreSQL',
    // Its fast shutdown waits for a checkpoint.
    patience: 30_000,
    start: async () => {
      const server = await startPostgres({
        dataDirectory: postgres.directory,
        port: postgres.port,
        password: postgres.passwords.owner,
        settings: { max_connections: '100', log_timezone: 'UTC' },
        onSpawn: note,
      });
      return {
        ended: new Promise((resolve) =>
          server.process.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`)),
        ),
        stop: () => void server.stop(),
        // Immediate shutdown: the next start recovers from the write-ahead log.
        kill: () => void server.process.kill('SIGQUIT'),
      };
    },
  };
}

/** The cluster's owner, on a database of it. For set-up only: the processes use the catalog's own role. */
export function ownerUrl(postgres: EmbeddedPostgres, database: string): string {
  return `postgres://datamap:${postgres.passwords.owner}@127.0.0.1:${postgres.port}/${database}`;
}

/** What DATABASE_URL is for the processes. Holds a password. */
export function catalogUrl(postgres: EmbeddedPostgres): string {
  return `postgres://${CATALOG_ROLE}:${postgres.passwords.catalog}@127.0.0.1:${postgres.port}/${CATALOG_DATABASE}`;
}

/** Makes the catalog's database and the role that owns it, and no more than it. Idempotent. */
export async function ensureCatalogDatabase(postgres: EmbeddedPostgres): Promise<void> {
  await asOwner(postgres, 'postgres', async (client) => {
    await ensureRole(client, CATALOG_ROLE, postgres.passwords.catalog);
    await ensureDatabase(client, CATALOG_DATABASE, CATALOG_ROLE);
  });
}

export async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
  const name = client.escapeIdentifier(role);
  if (rowCount === 0) await client.query(`CREATE ROLE ${name} LOGIN`);
  await client.query(`ALTER ROLE ${name} PASSWORD ${client.escapeLiteral(password)}`);
}

/** @returns whether it had to be made */
export async function ensureDatabase(client: pg.Client, database: string, owner: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  if (rowCount !== 0) return false;
  await client.query(
    `CREATE DATABASE ${client.escapeIdentifier(database)} OWNER ${client.escapeIdentifier(owner)} TEMPLATE template0`,
  );
  await client.query(`REVOKE CONNECT ON DATABASE ${client.escapeIdentifier(database)} FROM PUBLIC`);
  return true;
}

/** Runs `work` as the cluster's owner. */
export async function asOwner<T>(
  postgres: EmbeddedPostgres,
  database: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: ownerUrl(postgres, database), application_name: 'datamap-set-up' });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
