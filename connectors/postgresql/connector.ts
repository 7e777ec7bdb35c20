import type { Connection, Connector } from '../contract.js';
import { resolveSource } from '../reach.js';
import { checkPostgresql } from './check.js';
import { readDatabases } from './databases.js';
import { previewTable } from './preview.js';
import { createReader } from './reader.js';
import { openSession, type Session, type SessionOptions } from './session.js';
import { postgresqlSpec } from './spec.js';
import { validate } from './validate.js';

/** PostgreSQL 12 to 18: one connection per database, catalogue queries only. */
export const postgresqlConnector: Connector = {
  spec: postgresqlSpec,
  check: checkPostgresql,
  async listDatabases(connection, options) {
    const session = await open(connection, undefined, options);
    try {
      return await readDatabases(session);
    } finally {
      await session.close();
    }
  },
  async openDatabase(connection, database, options) {
    return createReader(await open(connection, database, options));
  },
  async preview(connection, request, options) {
    const session = await open(connection, request.database, { ...options, statementTimeout: request.timeout });
    try {
      return await previewTable(session, request);
    } finally {
      await session.close();
    }
  },
};

async function open(connection: Connection, database: string | undefined, options: SessionOptions): Promise<Session> {
  const config = validate(connection);
  const address = await resolveSource(config.host, { signal: options.signal });
  return openSession(
    { config, database: database ?? config.database, address, password: connection.secrets.password },
    options,
  );
}
