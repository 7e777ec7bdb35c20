import type { SourceTable } from '../../catalog/model/table.js';
import type {
  Connector,
  DatabaseDescription,
  DatabaseReader,
  ObjectProblem,
  SchemaInfo,
} from '../../connectors/contract.js';
import { postgresqlSpec } from '../../connectors/postgresql/spec.js';
import { syntheticTable } from './synthetic-table.js';

const LIST_BATCH = 5_000;

/** What goes wrong while the source is read. */
export interface Faults {
  /** Throws when so many pages were read, counted over all attempts. */
  failAfterPages?: number;
  /** What is thrown. */
  error?: Error;
  /** Called before each page is read, e.g. to abort or to change the source under the reader's hands. */
  beforePage?(page: number): void | Promise<void>;
  /** The listing throws at its end. */
  failListing?: boolean;
  incomplete?: DatabaseDescription['incomplete'];
}

/**
 * A source in memory: `size` generated tables, which cost no memory until they are read, and edits on top. It can
 * lose tables and schemas, change fingerprints without content, pose as another server, and fail.
 */
export class SyntheticSource {
  server = 'server-1';
  user = 'collector';
  /** The database's own number, and a digest of privileges, where the source has them. */
  database: string | undefined;
  privileges: string | undefined;
  position: { at: string; follows: boolean } | undefined;
  faults: Faults = {};
  problems: ObjectProblem[] = [];
  /** Keys of each page that was read, in order. */
  readonly pagesRead: string[][] = [];
  readonly schemas = new Map<string, SchemaInfo>();
  readonly #edited = new Map<string, SourceTable | undefined>();
  readonly #fingerprints = new Map<string, string>();
  #generation = 0;
  #queries = 0;

  constructor(
    private readonly size: number,
    private readonly schemaCount = 10,
  ) {
    for (let index = 0; index < Math.min(schemaCount, Math.max(size, 1)); index += 1) {
      this.schemas.set(`area_${index}`, { key: `area_${index}`, name: `area_${index}`, owner: 'shop' });
    }
  }

  static keyOf(index: number): string {
    return String(100_000 + index);
  }

  get(key: string): SourceTable {
    const table = this.#edited.has(key) ? this.#edited.get(key) : this.#generated(key);
    if (table === undefined) throw new Error(`There is no table ${key}`);
    return table;
  }

  /** Adds a table or replaces one; its fingerprint changes. */
  put(table: SourceTable): void {
    this.#edited.set(table.key, table);
    this.touch(table.key);
  }

  edit(key: string, change: Partial<SourceTable> | ((table: SourceTable) => Partial<SourceTable>)): void {
    const table = this.get(key);
    this.put({ ...table, ...(typeof change === 'function' ? change(table) : change) });
  }

  drop(key: string): void {
    this.#edited.set(key, undefined);
  }

  /** A new fingerprint, and nothing else. */
  touch(key: string): void {
    this.#generation += 1;
    this.#fingerprints.set(key, `changed-${this.#generation}`);
  }

  /** New estimates under the same fingerprint. */
  estimate(key: string, rows: number): void {
    this.#edited.set(key, { ...this.get(key), rows });
  }

  *keys(): Generator<string> {
    for (let index = 0; index < this.size; index += 1) {
      const key = SyntheticSource.keyOf(index);
      if (!this.#edited.has(key)) yield key;
    }
    for (const [key, table] of this.#edited) if (table !== undefined) yield key;
  }

  connector(): Connector {
    return {
      spec: postgresqlSpec,
      async *check() {},
      listDatabases: async () => [{ name: 'shop' }],
      openDatabase: async (_connection, _database, { signal }) => this.#open(signal),
    };
  }

  #open(signal: AbortSignal): DatabaseReader {
    this.#queries = 0;
    return {
      identity: { server: this.server, version: '18.1', user: this.user },
      describe: async () => {
        this.#queries += 1;
        const { incomplete } = this.faults;
        return {
          owner: 'shop',
          comment: 'The shop',
          ...(this.database === undefined ? {} : { identity: this.database }),
          ...(this.privileges === undefined ? {} : { privileges: this.privileges }),
          schemas: [...this.schemas.values()],
          ...(incomplete === undefined ? {} : { incomplete }),
        };
      },
      position: async () => this.position,
      list: () => this.#list(signal),
      read: (keys) => this.#read(keys, signal),
      queries: () => this.#queries,
      close: async () => undefined,
    };
  }

  async *#list(signal: AbortSignal) {
    this.#queries += 1;
    let batch = [];
    for (const key of this.keys()) {
      const edited = this.#edited.get(key);
      const schema = edited === undefined ? this.#schemaOf(key) : edited.schema;
      if (schema !== null && this.schemas.get(schema)?.unlisted !== undefined) continue;
      const fingerprint = this.#fingerprints.get(key) ?? `first-${key}`;
      batch.push({ key, schema, fingerprint, rows: edited?.rows ?? 1_000, bytes: 8_192 });
      if (batch.length === LIST_BATCH) {
        yield batch;
        batch = [];
      }
    }
    signal.throwIfAborted();
    if (this.faults.failListing === true) throw this.#failure();
    yield batch;
  }

  async #read(keys: readonly string[], signal: AbortSignal) {
    await this.faults.beforePage?.(this.pagesRead.length);
    signal.throwIfAborted();
    if (this.faults.failAfterPages !== undefined && this.pagesRead.length >= this.faults.failAfterPages) {
      throw this.#failure();
    }
    this.#queries += 1;
    this.pagesRead.push([...keys]);
    const gone = keys.filter((key) => this.#edited.has(key) && this.#edited.get(key) === undefined);
    const tables = keys.filter((key) => !gone.includes(key)).map((key) => this.get(key));
    const read = new Set(tables.map(({ name }) => name));
    return { tables, problems: this.problems.filter(({ name }) => read.has(name)), gone };
  }

  #failure(): Error {
    return this.faults.error ?? new Error('the source broke off');
  }

  #generated(key: string): SourceTable | undefined {
    const index = Number(key) - 100_000;
    if (!(index >= 0 && index < this.size)) return undefined;
    return syntheticTable(key, this.#schemaOf(key), index);
  }

  #schemaOf(key: string): string {
    return `area_${(Number(key) - 100_000) % this.schemaCount}`;
  }
}
