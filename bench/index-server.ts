import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../cli/embedded/free-port.js';
import { startPostgres } from '../cli/embedded/postgres.js';
import { type Database, migrate, openDatabase } from '../db/database.js';
import { postgresCpu } from './postgres-cpu.js';

/** A catalog of its own with room for a large index. */
export interface IndexServer {
  database: Database;
  /** Milliseconds of processor time that the server has taken so far. */
  cpu(): number;
  close(): Promise<void>;
}

/**
 * Starts a server with a migrated, empty catalog, which goes when it is closed.
 * @param connections most connections of this process
 */
export async function startIndexServer(connections: number): Promise<IndexServer> {
  const directory = mkdtempSync(join(tmpdir(), 'datamap-index-'));
  chmodSync(directory, 0o755);
  const server = await startPostgres({
    dataDirectory: join(directory, 'postgres'),
    port: await freePort(),
    settings: { shared_buffers: '2GB', max_wal_size: '8GB' },
  });
  const database = openDatabase(server.url, { name: 'datamap-bench', max: connections });
  await migrate(database);
  return {
    database,
    cpu: () => postgresCpu(server.process.pid),
    close: async () => {
      await database.destroy();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
