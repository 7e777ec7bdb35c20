import type { Connection as DriverConnection } from 'mysql2';
import type { ConnectOptions, ConnectorError } from '../contract.js';
import { connect, placeOf, type Target } from './connect.js';
import { toConnectorError } from './errors.js';
import { type Flavour, flavourOf, refuseByVariables, serverIdentity } from './flavour.js';
import { GALERA_CLUSTER, IDENTIFY, SERVER_VARIABLES, sessionSettings } from './session-queries.js';

export type Row = readonly unknown[];

/** Milliseconds that killing a statement may take before the socket is closed all the same. */
const KILL_TIMEOUT = 1_500;
/** Milliseconds that a server gets to take leave. */
const LEAVE_TIMEOUT = 1_000;

/**
 * One connection, identified and made read-only. Aborting the signal kills the running statement at the server, from
 * a second short connection, and closes this one; every call then rejects with the signal's reason.
 */
export class Session {
  /** Statements sent so far. */
  sent = 0;
  #flavour: Flavour | undefined;
  #server = '';
  #user = '';
  #serverThread: string | undefined;
  #variables: ReadonlyMap<string, string> = new Map();
  /** One for each call under way. The driver tells a lost connection to the connection, and a destroyed one to nobody. */
  readonly #underWay = new Set<(error: unknown) => void>();
  #interrupted: Promise<void> | undefined;
  readonly #onAbort = () => {
    this.#interrupted = this.#interrupt();
  };

  private constructor(
    private readonly connection: DriverConnection,
    private readonly target: Target,
    private database: string | undefined,
    private readonly options: ConnectOptions,
  ) {
    options.signal.addEventListener('abort', this.#onAbort, { once: true });
    connection.on('error', (error: unknown) => this.#fail(error));
  }

  /**
   * Logs in, and no more: what the server is must be asked by `identify` before anything else.
   * Throws ConnectorError, or the signal's reason.
   */
  static async logIn(target: Target, options: ConnectOptions, database?: string): Promise<Session> {
    return new Session(await connect(target, options.signal), target, database, options);
  }

  /** `logIn` and `identify` together. */
  static async open(target: Target, options: ConnectOptions, database?: string): Promise<Session> {
    const session = await Session.logIn(target, options, database);
    try {
      await session.identify();
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  private get signal(): AbortSignal {
    return this.options.signal;
  }

  /** Finds out what the server is, and sets the session up. Throws `UNSUPPORTED_SERVER` and `UNSUPPORTED_VERSION`. */
  async identify(): Promise<void> {
    const [row] = await this.rows(IDENTIFY);
    const [version, comment, thread, user] = (row ?? []).map((value) => String(value ?? ''));
    const flavour = flavourOf(version ?? '', comment ?? '');
    const variables = new Map(
      (await this.rows(SERVER_VARIABLES)).map(([name, value]) => [String(name), String(value)]),
    );
    refuseByVariables(variables, flavour.version);
    this.#flavour = flavour;
    this.#serverThread = thread;
    this.#user = user ?? '';
    this.#variables = variables;
    for (const statement of sessionSettings(flavour)) await this.rows(statement);
    const inGalera = variables.get('wsrep_on') === 'ON';
    const [galera] = inGalera ? await this.rows(GALERA_CLUSTER) : [];
    this.#server = serverIdentity(variables, galera === undefined ? undefined : String(galera[1]));
  }

  get flavour(): Flavour {
    if (this.#flavour === undefined) throw new Error('identify() comes first');
    return this.#flavour;
  }

  get identity(): { server: string; version: string; user: string } {
    return { server: this.#server, version: `${this.flavour.product} ${this.flavour.version}`, user: this.#user };
  }

  /** A global variable of the server, as text. */
  variable(name: string): string | undefined {
    return this.#variables.get(name);
  }

  /** Rows of a small result. */
  async rows(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const rows: Row[] = [];
    await this.eachRow(sql, values, (row) => rows.push(row));
    return rows;
  }

  /** Hands over each row as it arrives, so that no result is held twice. */
  async eachRow(sql: string, values: readonly unknown[], onRow: (row: Row) => void): Promise<void> {
    await this.options.pace?.(this.signal);
    this.signal.throwIfAborted();
    this.sent += 1;
    let fail: (error: unknown) => void = () => undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        fail = reject;
        this.#underWay.add(fail);
        const query = this.connection.query({ sql, values: [...values], rowsAsArray: true });
        query.on('result', (row) => {
          if (Array.isArray(row)) onRow(row);
        });
        query.on('error', reject);
        query.on('end', () => resolve());
      });
    } catch (error) {
      await this.#interrupted;
      this.signal.throwIfAborted();
      throw this.explain(error);
    } finally {
      this.#underWay.delete(fail);
    }
    this.signal.throwIfAborted();
  }

  /** Says which database the next statements are about, for the sake of error messages. */
  naming(database: string): this {
    this.database = database;
    return this;
  }

  private explain(error: unknown): ConnectorError {
    return toConnectorError(error, placeOf(this.target, this.database));
  }

  async close(): Promise<void> {
    this.signal.removeEventListener('abort', this.#onAbort);
    await this.#interrupted;
    await new Promise<void>((resolve) => {
      const force = setTimeout(resolve, LEAVE_TIMEOUT);
      this.connection.end(() => {
        clearTimeout(force);
        resolve();
      });
    });
    this.connection.destroy();
  }

  /** A closed socket alone would not do: the server notices it only when it next sends a row. */
  async #interrupt(): Promise<void> {
    if (this.#underWay.size > 0 && this.#serverThread !== undefined) {
      await this.#kill(this.#serverThread, AbortSignal.timeout(KILL_TIMEOUT)).catch(() => undefined);
    }
    this.connection.destroy();
    this.#fail(this.signal.reason);
  }

  #fail(error: unknown): void {
    for (const reject of this.#underWay) reject(error);
  }

  async #kill(thread: string, signal: AbortSignal): Promise<void> {
    const killer = await connect(this.target, signal);
    try {
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
        killer.query(`KILL QUERY ${Number(thread)}`, () => resolve());
      });
    } finally {
      killer.destroy();
    }
  }
}
