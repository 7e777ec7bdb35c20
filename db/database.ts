import knexFactory, { type Knex } from 'knex';
import type { PoolClient } from 'pg';
import { migrationSource } from './migrations/index.js';

/** A handle on the catalog database, or a transaction on it. */
export type Database = Knex;

/**
 * Opens a pool on the catalog database.
 * @param url a PostgreSQL connection URL; never logged, since it may hold a password
 * @param options.max most connections of this process
 * @param options.name shown in pg_stat_activity, so that an operator can tell processes apart
 */
export function openDatabase(url: string, options: { max?: number; name?: string } = {}): Database {
  return knexFactory({
    client: 'pg',
    connection: { connectionString: url, application_name: options.name ?? 'datamap', keepAlive: true },
    pool: { min: 0, max: options.max ?? 10 },
    acquireConnectionTimeout: 15_000,
    // Else an error's message has the statement with its values in it, and so would the log.
    compileSqlOnError: false,
    migrations: { migrationSource, tableName: 'schema_migration' },
  });
}

/** Brings the schema up to date. Safe to call from several processes at once: one migrates, the others wait. */
export async function migrate(database: Database): Promise<string[]> {
  const client = await database.client.acquireConnection();
  try {
    // Knex's own lock table refuses a second migrator instead of queueing it, and stays locked after a crash.
    await client.query('SELECT pg_advisory_lock(7301)');
    const [, applied] = (await database.migrate.latest({ disableMigrationsListValidation: false })) as [
      number,
      string[],
    ];
    return applied;
  } finally {
    await client.query('SELECT pg_advisory_unlock(7301)').catch(() => undefined);
    await database.client.releaseConnection(client);
  }
}

/**
 * Runs `work` in a transaction and hands it the `pg` client too, for what knex cannot say (COPY, cursors).
 * Everything sent through either belongs to the one transaction.
 */
export async function withClient<T>(
  database: Database,
  work: (client: PoolClient, transaction: Knex.Transaction) => Promise<T>,
): Promise<T> {
  return database.transaction(async (transaction) => {
    const client = (await transaction.client.acquireConnection()) as PoolClient;
    return work(client, transaction);
  });
}
