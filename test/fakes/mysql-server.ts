import type { AddressInfo, Server as NetServer } from 'node:net';
import { type Connection, createServer } from 'mysql2';

/** Capabilities of the protocol that the fake does not have: compression, TLS, connection attributes. */
const LACKING = 0x20 | 0x800 | 0x100000;

/** A value of a row: text, number or NULL. */
export type Cell = string | number | null;

/** What a fake answers to a statement: rows, an error, or nothing known. */
export type Answer = { columns: string[]; rows: Cell[][] } | { errno: number; message: string } | undefined;

export interface FakeMysql {
  port: number;
  /** Every statement it got, in order. */
  statements: string[];
  close(): Promise<void>;
}

/**
 * A server that speaks MySQL's protocol and answers from a script: for versions that cannot be installed here, and for
 * look-alikes. It has no TLS and takes any password.
 */
export async function fakeMysql(options: {
  version: string;
  answer(sql: string): Answer;
  /** Refuses each log-in with this error. */
  refuse?: { code: number; message: string };
}): Promise<FakeMysql> {
  const statements: string[] = [];
  const server = createServer(() => undefined);
  const open = new Set<Connection>();
  let thread = 0;
  server.on('connection', (connection: Connection & FakeConnection) => {
    open.add(connection);
    connection.on('error', () => open.delete(connection));
    thread += 1;
    connection.serverHandshake({
      protocolVersion: 10,
      serverVersion: options.version,
      connectionId: thread,
      statusFlags: 2,
      characterSet: 45,
      capabilityFlags: 0xffffff & ~LACKING,
      authCallback: (_: unknown, done: (error: null, refusal?: { code: number; message: string }) => void) => {
        done(null, options.refuse);
        connection.sequenceId = 0;
      },
    });
    const reply = (sql: string) => {
      statements.push(sql);
      // The driver's server half leaves counting packets to its user: each command starts at 0.
      connection.sequenceId = 1;
      const answer = options.answer(sql);
      if (answer === undefined) connection.writeOk();
      else if ('errno' in answer) connection.writeError({ code: answer.errno, message: answer.message });
      else {
        connection.writeColumns(answer.columns.map(columnNamed));
        for (const row of answer.rows) connection.writeTextRow(row);
        connection.writeEof();
      }
      connection.sequenceId = 0;
    };
    connection.on('query', reply);
    // The driver's server half takes SET for a prepared statement.
    connection.on('stmt_prepare', reply);
  });
  const net = (server as unknown as { _server: NetServer })._server;
  await new Promise<void>((resolve) => {
    net.once('listening', resolve);
    (server as unknown as { listen(port: number, host: string): void }).listen(0, '127.0.0.1');
  });
  return {
    port: (net.address() as AddressInfo).port,
    statements,
    close: () =>
      new Promise((resolve) => {
        for (const connection of open) (connection as unknown as { stream: { destroy(): void } }).stream.destroy();
        net.close(() => resolve());
      }),
  };
}

/** The server half of a driver's connection, which its types leave out. */
interface FakeConnection {
  sequenceId: number;
  serverHandshake(options: object): void;
  writeOk(): void;
  writeError(error: { code: number; message: string }): void;
  writeColumns(columns: object[]): void;
  writeTextRow(row: Cell[]): void;
  writeEof(): void;
}

/** A VARCHAR in utf8mb4. */
function columnNamed(name: string): object {
  const nowhere = { catalog: 'def', schema: '', table: '', orgTable: '', orgName: '' };
  return { ...nowhere, name, characterSet: 45, columnLength: 1_024, columnType: 253, flags: 0, decimals: 0 };
}
