import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { type Database, openDatabase } from '../../db/database.js';

/** A fresh, migrated catalog database of this test's own. Call `drop` in afterAll. */
export async function testDatabase(): Promise<{ database: Database; url: string; drop(): Promise<void> }> {
  const { url, drop } = await emptyDatabase(inject('postgres'), inject('template'));
  const database = openDatabase(url, { name: 'datamap-test' });
  return {
    database,
    url,
    drop: async () => {
      await database.destroy();
      await drop();
    },
  };
}

/** A database of a unique name on a PostgreSQL server, for use as a source or a catalog. */
export async function emptyDatabase(
  serverUrl: string,
  template?: string,
): Promise<{ url: string; name: string; drop(): Promise<void> }> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await asAdmin(serverUrl, `CREATE DATABASE ${name}${template === undefined ? '' : ` TEMPLATE ${template}`}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, name, drop: () => asAdmin(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function asAdmin(serverUrl: string, statement: string): Promise<void> {
  const admin = new pg.Client(serverUrl);
  await admin.connect();
  try {
    await admin.query(statement);
  } finally {
    await admin.end();
  }
}
