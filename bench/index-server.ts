import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../cli/embedded/free-port.js';
import { startPostgres } from '../cli/embedded/postgres.js';
import { type Database, migrate, openDatabase } from '../db/database.js';
import { processorSecondsOfPostgres } from './processor-time.js';

/** A catalog of its own with room for a large index. */
export interface IndexServer {
  /** A connection URL of the catalog. */
  url: string;
  database: Database;
  /** Milliseconds of processor time that the server has taken so far. */
  cpu(): number;
  close(): Promise<void>;
}

/** Connections that bringing the schema up to date takes at once. */
const MIGRATING = 4;

/**
 * Starts a server with a migrated catalog, empty where the directory is.
 * @param connections most connections of this process while it searches
 * @param keep a directory that holds the catalog beyond this; without one it goes when it is closed
 */
export async function startIndexServer(connections: number, keep?: string): Promise<IndexServer> {
  const directory = keep === undefined ? mkdtempSync(join(tmpdir(), 'datamap-index-')) : resolve(keep);
  if (keep !== undefined) mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o755);
  const server = await startPostgres({
    dataDirectory: join(directory, 'postgres'),
    port: await freePort(),
    settings: { shared_buffers: '2GB', max_wal_size: '8GB' },
  });
  const database = openDatabase(server.url, { name: 'datamap-bench', max: Math.max(connections, MIGRATING) });
  await migrate(database);
  return {
    url: server.url,
    database,
    cpu: () => processorSecondsOfPostgres(join(directory, 'postgres')) * 1_000,
    close: async () => {
      await database.destroy();
      await server.stop();
      if (keep === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
