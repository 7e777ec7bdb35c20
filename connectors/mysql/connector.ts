import type { Connection, Connector, DatabaseInfo, DatabaseReader } from '../contract.js';
import { resolveSource } from '../reach.js';
import { checkMysql } from './check.js';
import { mysqlConfig, passwordOf } from './config.js';
import type { Target } from './connect.js';
import { listDatabases } from './describe-database.js';
import { previewTable } from './preview.js';
import { openReader } from './reader.js';
import { Session } from './session.js';
import { mysqlSpec } from './spec.js';

/** MySQL and MariaDB. */
export const mysqlConnector: Connector = {
  spec: mysqlSpec,
  check: checkMysql,

  async listDatabases(connection, options): Promise<DatabaseInfo[]> {
    const session = await Session.open(await targetOf(connection, options.signal), options);
    try {
      return await listDatabases(session);
    } finally {
      await session.close();
    }
  },

  async openDatabase(connection, database, options): Promise<DatabaseReader> {
    const session = await Session.open(await targetOf(connection, options.signal), options, database);
    try {
      return await openReader(session, database);
    } catch (error) {
      await session.close();
      throw error;
    }
  },

  async preview(connection, request, options) {
    const session = await Session.open(await targetOf(connection, options.signal), options, request.database);
    try {
      return await previewTable(session, request);
    } finally {
      await session.close();
    }
  },
};

async function targetOf(connection: Connection, signal: AbortSignal): Promise<Target> {
  const config = mysqlConfig(connection);
  return { config, password: passwordOf(connection), address: await resolveSource(config.host, { signal }) };
}
