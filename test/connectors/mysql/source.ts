import { randomBytes } from 'node:crypto';
import { type Connection as Admin, createConnection, type RowDataPacket } from 'mysql2/promise';
import { inject } from 'vitest';
import type { Connection, DatabaseReader, ObjectHead, ReadPage } from '../../../connectors/contract.js';
import { mysqlConnector } from '../../../connectors/mysql/connector.js';

/** Empty where MariaDB is not installed; such tests are skipped, and the global set-up says so. */
export const MARIADB = inject('mariadb');

/** A database of a test's own on a server, MariaDB unless told otherwise, with the means to fill it and to read it through the connector. */
export class TestSource {
  readonly #readers: DatabaseReader[] = [];
  readonly #accounts: string[] = [];

  private constructor(
    readonly admin: Admin,
    readonly database: string,
    private readonly server: string,
  ) {}

  static async create(name = `t_${randomBytes(6).toString('hex')}`, server = MARIADB): Promise<TestSource> {
    const admin = await createConnection({ uri: server, multipleStatements: true });
    const source = new TestSource(admin, name, server);
    await admin.query(`CREATE DATABASE \`${name}\``);
    await admin.query(`USE \`${name}\``);
    return source;
  }

  async run(sql: string): Promise<void> {
    await this.admin.query(sql);
  }

  /** Rows of a query written apart from the connector's. */
  async rows(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    const [rows] = await this.admin.query<RowDataPacket[]>(sql, values);
    return rows;
  }

  /** This database's name in a grant on all of it, where `_` is a wildcard. */
  get pattern(): string {
    return `\`${this.database.replace(/[_%\\]/g, '\\$&')}\``;
  }

  /** A new account without any grant but these. */
  async account(...grants: string[]): Promise<string> {
    const user = `u_${randomBytes(6).toString('hex')}`;
    await this.run(`CREATE USER '${user}'@'%' IDENTIFIED BY 'secret of ${user}'`);
    this.#accounts.push(user);
    for (const grant of grants) await this.run(`GRANT ${grant} TO '${user}'@'%'`);
    return user;
  }

  connection(user = 'root'): Connection {
    const { hostname, port } = new URL(this.server);
    return {
      config: { host: hostname, port: Number(port), user },
      secrets: user === 'root' ? {} : { password: `secret of ${user}` },
    };
  }

  async open(user = 'root', signal = new AbortController().signal): Promise<DatabaseReader> {
    const reader = await mysqlConnector.openDatabase(this.connection(user), this.database, { signal });
    this.#readers.push(reader);
    return reader;
  }

  async drop(): Promise<void> {
    for (const reader of this.#readers) await reader.close();
    for (const user of this.#accounts) await this.run(`DROP USER IF EXISTS '${user}'@'%'`);
    await this.run(`DROP DATABASE IF EXISTS \`${this.database}\``);
    await this.admin.end();
  }
}

export async function headsOf(reader: DatabaseReader): Promise<Map<string, ObjectHead>> {
  const heads = new Map<string, ObjectHead>();
  for await (const page of reader.list()) for (const head of page) heads.set(head.key, head);
  return heads;
}

/** Everything that is listed, read a page at a time. */
export async function readAll(reader: DatabaseReader): Promise<ReadPage> {
  const keys = [...(await headsOf(reader)).keys()].sort();
  const whole: ReadPage = { tables: [], problems: [], gone: [] };
  for (let start = 0; start < keys.length; start += 1_000) {
    const page = await reader.read(keys.slice(start, start + 1_000));
    whole.tables.push(...page.tables);
    whole.problems.push(...page.problems);
    whole.gone.push(...page.gone);
  }
  return whole;
}
