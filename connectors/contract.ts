import type { z } from 'zod';
import type { Ddl, DescribedTable } from '../catalog/model/ddl.js';
import type { SourceTable } from '../catalog/model/table.js';

/** A connection to a source, with its credentials resolved. Lives in a worker's memory only. */
export interface Connection {
  /** Validated by the source type's own schema. */
  config: SourceConfig;
  /** Names as in the spec's `secrets`, e.g. `{ password }`. */
  secrets: Record<string, string>;
}

/** What every source type's config holds; the rest is the type's own and validated by its schema. */
export interface SourceConfig {
  host: string;
  port: number;
  [field: string]: unknown;
}

/** How soon a change at the source can be on the map, as the product page tabulates it. */
export type Timeliness = 'real-time' | 'by schedule' | 'not supported';

/** All that is known of a source type without loading its driver. Safe to import from the API. */
export interface ConnectorSpec {
  type: string;
  displayName: string;
  group: 'warehouse' | 'database' | 'search';
  /** What a crawler's scope lists. */
  granularity: 'database' | 'instance';
  /** Words for people: what this source calls a database, e.g. "database", "schema", "project". */
  databaseNoun: string;
  defaultPort: number;
  versions: string;
  /** Validates a data source's config; unknown fields are refused. */
  configSchema: z.ZodType<SourceConfig>;
  /** Names of the credentials it takes. */
  secrets: readonly string[];
  urlSchemes: readonly string[];
  /** Splits a connection URL. Throws ConnectorError `INVALID_URL`; never echoes the password. */
  parseUrl(url: string): { config: SourceConfig; secrets: Record<string, string>; database?: string };
  timeliness: { tables: Timeliness; partitions: Timeliness; lineage: Timeliness };
  scopeEditable: boolean;
  /** What else its sources cannot give, or is not read from them, in words for people. */
  gaps?: readonly { what: string; why: string }[];
  /** Where its sources keep which statements were run, in words for people; left out where they keep none, or it is not read. */
  queryHistory?: string;
  /** Writes a table in the source's own language; left out where it has none in which tables are made. */
  writeDdl?(table: DescribedTable): Ddl;
}

export interface DatabaseInfo {
  name: string;
  comment?: string;
  system?: boolean;
  /** Set when the account may not open it: why, and what grant is missing. */
  unavailable?: string;
}

/** One object of a listing: enough to tell whether it must be read. */
export interface ObjectHead {
  key: string;
  schema: string | null;
  /** Changes whenever anything in the object's canonical form may have changed; false alarms are allowed, misses are not. */
  fingerprint: string;
  rows?: number;
  bytes?: number;
}

export interface SchemaInfo {
  key: string;
  name: string;
  owner?: string;
  comment?: string;
  /** Set when its objects cannot be listed: what is on the map of it stays as it is. */
  unlisted?: { code: string; reason: string; remedy: string };
}

/** The database itself and its schemas. Sources without schemas give one list entry fewer: none at all. */
export interface DatabaseDescription {
  owner?: string;
  comment?: string;
  properties?: Record<string, string>;
  schemas: SchemaInfo[];
  /** Tells the database apart from another of its name on the same server, where the server has such a number. */
  identity?: string;
  /**
   * A digest of what the account may do there, where a source hides what one may not see: another one can mean that
   * tables are hidden and not dropped.
   */
  privileges?: string;
  /** Set when the listing of the whole database cannot be proved complete; nothing of it may be removed. */
  incomplete?: { code: string; reason: string; remedy: string };
}

/** Something about one object that could not be read; the object, or the rest of it, is still delivered. */
export interface ObjectProblem {
  schema: string | null;
  name: string;
  code: string;
  message: string;
  remedy?: string;
}

/** A table by its name. */
export interface ObjectName {
  /** Null for sources without schemas; elsewhere for every schema. */
  schema: string | null;
  name: string;
}

export interface FoundObject extends ObjectName {
  key: string;
}

/** A key that is neither in `tables` nor in `gone` could not be read this time: what is known of it stays as it is. */
export interface ReadPage<Kept = SourceTable> {
  tables: Kept[];
  problems: ObjectProblem[];
  /** Keys that were listed but are gone by now. */
  gone: string[];
}

/**
 * Makes of a table that was read what is kept of it.
 * @param inPart whether a problem of the page tells what of it could not be read
 */
export type KeepTable<Kept> = (table: SourceTable, inPart: boolean) => Kept;

/** A statement that a source counted since somebody asked it to, of one role that ran it. */
export interface CountedStatement {
  /** The same as long as the source counts on; another after it forgot the statement, where it tells. */
  key: string;
  /** The role that ran it. */
  role: string;
  calls: number;
  /** Milliseconds that all of the calls took. */
  totalTime: number;
  /** Schemas in which the role's names without one are looked for, in order. */
  path: string[];
}

/** What a source remembers of the statements that were run in the open database. */
export interface QueryHistory {
  /** Without texts, which are long. */
  statements: CountedStatement[];
  /** Part or all of it cannot be read: why, and what to do. */
  lacking?: { code: string; reason: string; remedy: string };
  /**
   * Texts by key, as the source keeps them: constants may stand in them. Null for one that is too long or that the source
   * lost; what it forgot since is left out.
   */
  texts(
    keys: readonly string[],
    mostBytes: number,
  ): Promise<ReadonlyMap<string, { text: string | null; bytes: number }>>;
}

/**
 * One open database of a source: one connection, read-only, with statement timeouts. Aborting the signal it was opened
 * with interrupts the statement at the server, not only the wait for it.
 */
export interface DatabaseReader {
  /** Who the server is (survives restarts, differs between servers), its version, and who we are to it. */
  readonly identity: { server: string; version: string; user: string };
  describe(): Promise<DatabaseDescription>;
  /**
   * How far the server's history has come, as a whole number that only grows, and whether the server only follows
   * another one, so that it may show the past. Undefined where it does not tell; left out where no source of the type does.
   */
  position?(): Promise<{ at: string; follows: boolean } | undefined>;
  /** Lists every object. Running to the end without throwing is the proof of completeness. */
  list(): AsyncIterable<ObjectHead[]>;
  /**
   * The same for a database of which everything will be read: fingerprints lack what the reading tells as
   * `SourceTable.fingerprint`, which goes before them. Left out where that would not be cheaper.
   */
  listUnread?(): AsyncIterable<ObjectHead[]>;
  /**
   * The objects of these names, as the listing would have them, in one statement. Left out where a source cannot look for
   * names without listing everything.
   */
  find?(names: readonly ObjectName[]): Promise<FoundObject[]>;
  /** Reads at most 1,000 listed objects, in a number of statements that does not depend on how many they are. */
  read(keys: readonly string[]): Promise<ReadPage>;
  /**
   * The same, with what is kept made of each table as it arrives, so that a page of a thousand is never in memory
   * whole. May make something of a table more than once. Left out where a source of the type delivers whole pages.
   */
  readEach?<Kept>(keys: readonly string[], keep: KeepTable<Kept>): Promise<ReadPage<Kept>>;
  /** What was run in it. Left out where no source of the type tells; what one source lacks is an answer, never an error. */
  history?(): Promise<QueryHistory>;
  /** Statements sent so far. */
  queries(): number;
  close(): Promise<void>;
}

/** Which rows of a table somebody wants to look at. */
export interface PreviewRequest {
  database: string;
  /** Null for sources without schemas. */
  schema: string | null;
  table: string;
  /** In this order; without any the first `maxColumns` of the table that may be read. */
  columns?: readonly string[];
  maxColumns: number;
  maxRows: number;
  /** Characters of a value that are read; a longer one is cut by the source. */
  valueLength: number;
  /** Milliseconds that the statement may take at the source. */
  timeout: number;
}

/** One value as text, in the source's own spelling; `text` is null for NULL, and for what is binary. */
export interface PreviewCell {
  text: string | null;
  /** Set for a binary value: its size, which is all that is read of it. */
  bytes?: number;
  /** The value is longer than `valueLength`. */
  cut?: true;
}

export interface PreviewRows {
  columns: { name: string; type: string }[];
  /** A cell for each column. */
  rows: PreviewCell[][];
  /** Columns that the account may not read, by name: they were left out. */
  refused: string[];
  /** Columns left out because there are more than `maxColumns`. */
  more: number;
}

/** The states a step of a connection test goes through. A failed step ends the test; later ones are skipped. */
export interface CheckStep {
  id: CheckStepId;
  state: 'running' | 'passed' | 'failed' | 'skipped' | 'warning';
  /** Milliseconds. */
  duration?: number;
  message?: string;
  remedy?: string;
  code?: string;
  detail?: Record<string, unknown>;
}

/** In this order; the worker that picks the test up reports `worker` itself. */
export const CHECK_STEPS = [
  'worker',
  'validate_input',
  'resolve_host',
  'tcp_connect',
  'tls_handshake',
  'authenticate',
  'identify_server',
  'list_databases',
  'check_privileges',
  'read_sample',
] as const;
export type CheckStepId = (typeof CHECK_STEPS)[number];

/**
 * Awaited before each statement that goes to the source: resolves when it may be sent. Rejects with the signal's reason.
 * Left out, nothing waits.
 */
export type Pace = (signal: AbortSignal) => Promise<void>;

export interface ConnectOptions {
  signal: AbortSignal;
  pace?: Pace | undefined;
}

export interface CheckOptions extends ConnectOptions {
  /** Databases of a scope to look into; without any, the source's own one. */
  databases?: readonly string[];
  /** Milliseconds per step; listing and sampling get six times as much. Default 10,000. */
  stepTimeout?: number;
  /** Addresses of the worker that runs the test, named in the remedy of a refused connection. */
  workerAddresses?: readonly string[];
}

/** A source of metadata. Knows nothing of the engine that schedules it, the API, or the catalog's database. */
export interface Connector {
  readonly spec: ConnectorSpec;
  /** Yields each step when it starts and again when it ends. Never throws for a failure of the source. */
  check(connection: Connection, options: CheckOptions): AsyncIterable<CheckStep>;
  listDatabases(connection: Connection, options: ConnectOptions): Promise<DatabaseInfo[]>;
  openDatabase(connection: Connection, database: string, options: ConnectOptions): Promise<DatabaseReader>;
  /**
   * Reads a few rows of a table, in one read-only statement with a time limit. Left out where a source has no rows to
   * show. Its errors quote nothing that the server says of values.
   * @throws ConnectorError, among others TABLE_GONE, UNKNOWN_COLUMN, PERMISSION_DENIED with the grant, STATEMENT_TIMEOUT
   */
  preview?(connection: Connection, request: PreviewRequest, options: ConnectOptions): Promise<PreviewRows>;
}

/** Codes that no retry can mend; everything else is worth another attempt. */
export const PERMANENT_CODES = [
  'BAD_CREDENTIALS',
  'PERMISSION_DENIED',
  'UNKNOWN_DATABASE',
  'TABLE_GONE',
  'UNKNOWN_COLUMN',
  'UNKNOWN_HOST',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_SERVER',
  'INVALID_CONFIG',
  'INVALID_URL',
  'TLS_MISMATCH',
  'ADDRESS_REFUSED',
] as const;
export type ConnectorErrorCode =
  | (typeof PERMANENT_CODES)[number]
  | 'CONNECTION_REFUSED'
  | 'CONNECTION_TIMEOUT'
  | 'CONNECTION_LOST'
  | 'TOO_MANY_CONNECTIONS'
  | 'STATEMENT_TIMEOUT'
  | 'SOURCE_ERROR';

/** The one error a connector throws: a message for people that names the cause, and what to do. Holds no secret. */
export class ConnectorError extends Error {
  readonly code: ConnectorErrorCode;
  readonly remedy: string;
  readonly retryable: boolean;

  constructor(code: ConnectorErrorCode, message: string, remedy: string) {
    super(message);
    this.name = 'ConnectorError';
    this.code = code;
    this.remedy = remedy;
    this.retryable = !(PERMANENT_CODES as readonly string[]).includes(code);
  }
}
