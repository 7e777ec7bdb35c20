import Cursor from 'pg-cursor';
import { type ConnectOptions, ConnectorError } from '../contract.js';
import { binaryRows } from './binary-rows.js';
import { type ConnectTarget, connect, type Link } from './connect.js';
import { StatementError, statementFailure } from './errors.js';
import {
  FACTS,
  type Facts,
  SERVER_IDENTITY,
  SERVER_IDENTITY_FALLBACK,
  type SettingsOfSession,
  settingsWithIdentity,
  transactionSettings,
} from './session-queries.js';

const OLDEST_VERSION = 120_000;
/** Servers that answer to the protocol, whose catalogues are their own. */
const LOOK_ALIKES = /CockroachDB|Redshift|Greenplum|Hologres|Materialize|QuestDB|CrateDB/i;

/** One read-only session of a server that is known to be PostgreSQL, with its identity established. */
export interface Session {
  /** `server` survives restarts and differs between servers; `version` is as people write it, e.g. `18.1`. */
  readonly identity: { server: string; version: string; user: string };
  readonly versionNumber: number;
  readonly encrypted: boolean;
  /** True when a pooler stands between: its sessions may be shared, so each statement carries its settings. */
  readonly pooled: boolean;
  /** Throws StatementError, or the signal's reason. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /**
   * The same for rows that are looked at one by one, as they arrive, as the bytes that the server sent, for `FieldReader`.
   * Those of a statement that fails later were shown all the same.
   */
  eachRow(text: string, values: unknown[], look: (row: Buffer) => void): Promise<void>;
  /** Rows `size` at a time; no other statement can run until it has ended. */
  stream<Row extends object>(text: string, values: unknown[], size: number): AsyncGenerator<Row[], void>;
  /** Statements sent so far. */
  queries(): number;
  close(): Promise<void>;
}

export interface SessionOptions extends ConnectOptions, SettingsOfSession {}

/** Connects, authenticates and establishes the session. Throws ConnectorError, or the signal's reason. */
export async function openSession(target: ConnectTarget, options: SessionOptions): Promise<Session> {
  return establishSession(await connect(target, options.signal), target, options);
}

/**
 * Refuses what is not PostgreSQL 12 or newer, sets the session read-only with limits, learns who the server is.
 * Aborting the signal ends the running statement at the server within a second, then the connection; whoever waits
 * gets the signal's reason. Owns the link from here on. Throws ConnectorError, or the signal's reason.
 */
export async function establishSession(
  link: Link,
  target: ConnectTarget,
  { signal, pace, statementTimeout }: SessionOptions,
): Promise<Session> {
  let sent = 0;
  let pooled = false;
  let streaming = false;
  let interrupted: Promise<void> | undefined;
  const onAbort = () => {
    interrupted = link.interrupt();
  };
  signal.addEventListener('abort', onAbort, { once: true });

  async function send<Answer>(statement: () => Promise<Answer>): Promise<Answer> {
    await pace?.(signal);
    signal.throwIfAborted();
    sent += 1;
    try {
      return await statement();
    } catch (error) {
      throw await failure(error);
    }
  }

  const run = async <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await send(() => link.client.query<Row>(text, values))).rows;

  async function look(text: string, values: unknown[], each: (row: Buffer) => void): Promise<void> {
    const refused = await send(() => binaryRows(link.client, text, values, each));
    if (refused !== undefined) throw refused.cause;
  }

  async function failure(error: unknown): Promise<unknown> {
    await interrupted;
    return signal.aborted ? signal.reason : statementFailure(error, target);
  }

  /** Through a pooler, a statement and the settings it relies on share one transaction, so one server process. */
  async function begin(): Promise<void> {
    if (streaming) throw new Error('A listing must be read to its end before another statement is sent');
    if (pooled) await run(`BEGIN READ ONLY`).then(() => run(transactionSettings({ statementTimeout })));
  }

  async function end(): Promise<void> {
    if (pooled && !signal.aborted) await run('ROLLBACK').catch(() => undefined);
  }

  async function within<Answer>(statement: () => Promise<Answer>): Promise<Answer> {
    await begin();
    try {
      return await statement();
    } finally {
      await end();
    }
  }

  async function* stream<Row extends object>(text: string, values: unknown[], size: number) {
    await begin();
    await pace?.(signal);
    streaming = true;
    sent += 1;
    const cursor = link.client.query(new Cursor<Row>(text, values));
    let open = true;
    try {
      for (;;) {
        const rows = await cursor.read(size);
        if (rows.length === 0) break;
        yield rows;
      }
      open = false;
    } catch (error) {
      // The driver has closed a portal whose statement failed; closing it again would wait for ever.
      open = false;
      throw await failure(error);
    } finally {
      streaming = false;
      if (open && !signal.aborted) await cursor.close().catch(() => undefined);
      await end();
    }
  }

  const close = async () => {
    signal.removeEventListener('abort', onAbort);
    await (interrupted ?? link.close());
  };

  try {
    const facts = await readFacts(run, target);
    pooled = facts.backend !== link.processId;
    const whoItIs = facts.mayReadControlFile ? SERVER_IDENTITY : SERVER_IDENTITY_FALLBACK;
    const [identity] = await run<{ server: string }>(
      pooled ? whoItIs : settingsWithIdentity(whoItIs, { statementTimeout }),
    );
    return {
      identity: { server: identity?.server ?? '', version: facts.version, user: facts.user },
      versionNumber: facts.versionNumber,
      encrypted: link.encrypted,
      pooled,
      query: (text, values) => within(() => run(text, values)),
      eachRow: (text, values, each) => within(() => look(text, values, each)),
      stream,
      queries: () => sent,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Throws ConnectorError `UNSUPPORTED_SERVER` or `UNSUPPORTED_VERSION`. */
async function readFacts(run: (text: string) => Promise<Facts[]>, { config }: ConnectTarget): Promise<Facts> {
  const where = `${config.host} port ${config.port}`;
  const facts = await run(FACTS).catch((error: unknown) => {
    if (!(error instanceof StatementError) || error.sqlState === undefined) throw error;
    throw new ConnectorError(
      'UNSUPPORTED_SERVER',
      `What answers at ${where} speaks PostgreSQL's protocol, and is not PostgreSQL: ${error.message}`,
      'Choose the source type of the server itself; through a pooler, name a database of the server and not the console of the pooler',
    );
  });
  const [answer] = facts;
  if (answer === undefined)
    throw new ConnectorError('UNSUPPORTED_SERVER', `${where} answers no query`, 'Correct the address');
  const other = LOOK_ALIKES.exec(answer.banner)?.[0];
  if (other !== undefined)
    throw new ConnectorError(
      'UNSUPPORTED_SERVER',
      `${where} is ${other}, which only looks like PostgreSQL`,
      `Choose the source type for ${other}`,
    );
  // Distributions add a word of their own, as in "15.18 (Debian 15.18-0+deb12u1)".
  const version = answer.version.split(' ')[0] ?? answer.version;
  if (answer.versionNumber < OLDEST_VERSION)
    throw new ConnectorError(
      'UNSUPPORTED_VERSION',
      `${where} is PostgreSQL ${version}; versions 12 to 18 can be collected`,
      'Upgrade the server: version 11 and older get no more security fixes either',
    );
  return { ...answer, version };
}
