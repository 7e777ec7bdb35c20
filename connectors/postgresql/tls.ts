import { createConnection, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import type { SourceAddress } from '../reach.js';
import type { PostgresqlConfig } from './spec.js';

/** Length 8 and the request code 80877103: the message that asks a PostgreSQL server for TLS. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** What answered at the port: a server that offers TLS, one that has none, or something that is not PostgreSQL. */
export type TlsAnswer = 'offered' | 'not offered' | 'not postgresql';

/** Options for TLS to this data source. The certificate is checked against the configured name, not the address. */
export function tlsOptions(config: PostgresqlConfig): ConnectionOptions {
  return {
    host: config.host,
    ...(isIP(config.host) === 0 ? { servername: config.host } : {}),
    ...(config.certificateAuthority === undefined ? {} : { ca: config.certificateAuthority }),
    rejectUnauthorized: config.tls === 'verify',
  };
}

/**
 * Opens a socket and asks for TLS, as each PostgreSQL client does first. The answer is one byte, `S` or `N`; a server
 * that greets on its own (MySQL, SSH) or answers in words (HTTP) is told apart by the rest it sends. The caller
 * destroys the socket. Throws socket errors, or the signal's reason.
 */
export async function askForTls(
  { address, family }: SourceAddress,
  port: number,
  signal: AbortSignal,
): Promise<{ socket: Socket; answer: TlsAnswer }> {
  const socket = createConnection({ host: address, family, port });
  socket.setNoDelay(true);
  return untilAborted(signal, socket, (resolve, reject) => {
    socket.once('connect', () => socket.write(SSL_REQUEST));
    socket.once('data', (answer) => {
      socket.pause();
      resolve({ socket, answer: meaningOf(answer) });
    });
    socket.once('error', reject);
    socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  });
}

/** Shakes hands on a socket whose server offered TLS. Throws Node's TLS errors, or the signal's reason. */
export async function shakeHands(socket: Socket, config: PostgresqlConfig, signal: AbortSignal): Promise<TLSSocket> {
  return untilAborted(signal, socket, (resolve, reject) => {
    const secured = connectTls({ ...tlsOptions(config), socket });
    secured.once('secureConnect', () => resolve(secured));
    secured.once('error', reject);
  });
}

function meaningOf(answer: Buffer): TlsAnswer {
  const first = String.fromCharCode(answer[0] ?? 0);
  // An ErrorResponse: a server out of resources, or one older than TLS.
  if (first === 'E' && answer[1] === 0) return 'not offered';
  if (answer.length !== 1) return 'not postgresql';
  if (first === 'S') return 'offered';
  return first === 'N' ? 'not offered' : 'not postgresql';
}

function untilAborted<T>(
  signal: AbortSignal,
  socket: Socket,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    const settle =
      <V>(end: (value: V) => void) =>
      (value: V) => {
        signal.removeEventListener('abort', onAbort);
        end(value);
      };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    start(settle(resolve), settle(reject));
  });
}
