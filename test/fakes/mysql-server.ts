import type { AddressInfo, Server as NetServer } from 'node:net';
import { type Connection, createServer } from 'mysql2';
// The package exports its protocol constants, and types none of them.
import CLIENT from 'mysql2/lib/constants/client.js';

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
  const server = createServer();
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
      capabilityFlags: 0xffffff & ~CLIENT.SSL & ~CLIENT.COMPRESS & ~CLIENT.CONNECT_ATTRS,
      authCallback: (_: unknown, done: (error: null, refusal?: { code: number; message: string }) => void) =>
        done(null, options.refuse),
    });
    const reply = (sql: string) => {
      statements.push(sql);
      const answer = options.answer(sql);
      if (answer === undefined) connection.writeOk();
      else if ('errno' in answer) connection.writeError({ code: answer.errno, message: answer.message });
      else {
        const text = (value: Cell) => (value === null ? null : String(value));
        connection.writeTextResult(
          answer.rows.map((row) => Object.fromEntries(row.map((value, place) => [answer.columns[place], text(value)]))),
          answer.columns.map((name) => ({ name, columnType: 253, characterSet: 45, flags: 0, columnLength: 1024 })),
        );
      }
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
  serverHandshake(options: object): void;
  writeOk(): void;
  writeError(error: { code: number; message: string }): void;
  writeTextResult(rows: object[], columns: object[]): void;
}
