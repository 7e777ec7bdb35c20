import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type { SourceTable } from '../../../catalog/model/table.js';
import type { Connection, DatabaseReader, ObjectHead, ObjectProblem } from '../../../connectors/contract.js';
import { postgresqlConnector } from '../../../connectors/postgresql/connector.js';
import { emptyDatabase } from '../../servers/test-database.js';

/** The PostgreSQL servers of this run, for `describe.each`. Which are missing is said at the start of the run. */
export const servers: { name: string; url: string }[] = [
  { name: 'PostgreSQL 18', url: inject('postgres') },
  { name: 'PostgreSQL 15', url: inject('postgres15') },
].filter(({ url }) => url !== '');

/** A connection of the connector to what a URL names. */
export function connectionTo(url: string, config: Record<string, unknown> = {}): Connection {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    config: {
      host: hostname,
      port: Number(port),
      user: decodeURIComponent(username),
      database: decodeURIComponent(pathname.slice(1)),
      tls: 'off',
      ...config,
    },
    secrets: password === '' ? {} : { password: decodeURIComponent(password) },
  };
}

/** A database of a test's own, with a superuser's client and a way to read it as another role. */
export interface Source {
  url: string;
  name: string;
  client: pg.Client;
  /** Opens a reader; every reader is closed by `drop`. */
  open(options?: { user?: string; signal?: AbortSignal }): Promise<DatabaseReader>;
  /** A login role of a unique name, dropped with the database. */
  role(options?: string): Promise<string>;
  drop(): Promise<void>;
}

export async function createSource(serverUrl: string): Promise<Source> {
  const database = await emptyDatabase(serverUrl);
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query(`SET search_path = ''`);
  const readers: DatabaseReader[] = [];
  /** By oid, since tests rename roles. */
  const roles: number[] = [];
  return {
    ...database,
    client,
    async open({ user, signal = new AbortController().signal } = {}) {
      const connection = connectionTo(database.url, user === undefined ? {} : { user });
      const reader = await postgresqlConnector.openDatabase(connection, database.name, { signal });
      readers.push(reader);
      return reader;
    },
    async role(options = '') {
      const role = `r_${randomBytes(5).toString('hex')}`;
      await client.query(`CREATE ROLE ${role} LOGIN ${options}`);
      const { rows } = await client.query<{ oid: number }>('SELECT oid FROM pg_roles WHERE rolname = $1', [role]);
      roles.push(...rows.map(({ oid }) => oid));
      return role;
    },
    async drop() {
      await Promise.all(readers.map((reader) => reader.close()));
      const { rows } = await client.query<{ role: string }>(
        'SELECT quote_ident(rolname) AS role FROM pg_roles WHERE oid = ANY ($1)',
        [roles],
      );
      await client.end();
      await database.drop();
      const admin = new pg.Client(serverUrl);
      await admin.connect();
      for (const { role } of rows) await admin.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
      await admin.end();
    },
  };
}

export async function listAll(reader: DatabaseReader): Promise<ObjectHead[]> {
  const heads: ObjectHead[] = [];
  for await (const batch of reader.list()) heads.push(...batch);
  return heads;
}

/** Everything there is, as a crawl would read it. */
export async function readAll(
  reader: DatabaseReader,
): Promise<{ heads: ObjectHead[]; tables: SourceTable[]; problems: ObjectProblem[]; gone: string[] }> {
  const heads = await listAll(reader);
  const all = { heads, tables: [] as SourceTable[], problems: [] as ObjectProblem[], gone: [] as string[] };
  for (let start = 0; start < heads.length; start += 1_000) {
    const page = await reader.read(heads.slice(start, start + 1_000).map(({ key }) => key));
    all.tables.push(...page.tables);
    all.problems.push(...page.problems);
    all.gone.push(...page.gone);
  }
  return all;
}

/** The table of that name, or a failure that names what there is. */
export function tableNamed(tables: readonly SourceTable[], name: string): SourceTable {
  const found = tables.find((table) => table.name === name);
  if (found === undefined) throw new Error(`No table ${name} among ${tables.map((table) => table.name).join(', ')}`);
  return found;
}
