import { createConnection as openSocket } from 'node:net';
import { type ConnectionOptions, createConnection, type Connection as DriverConnection } from 'mysql2';
import type { SourceAddress } from '../reach.js';
import { type ErrorPlace, toConnectorError } from './errors.js';
import type { MysqlConfig } from './spec.js';

/** Milliseconds for TCP, TLS and log-in together. */
const CONNECT_TIMEOUT = 10_000;

export interface Target {
  config: MysqlConfig;
  password: string;
  /** Where the host was resolved to: this is what is connected to, while TLS verifies the host's name. */
  address: SourceAddress;
  workerAddresses?: readonly string[] | undefined;
}

/**
 * Opens one connection of the driver. With `prefer`, a server without TLS is connected to without it; one whose
 * handshake fails is not.
 * Throws ConnectorError, or the signal's reason.
 */
export async function connect(target: Target, signal: AbortSignal): Promise<DriverConnection> {
  const { config } = target;
  try {
    return await attempt(target, config.tls !== 'off', signal);
  } catch (error) {
    signal.throwIfAborted();
    const withoutTls = config.tls === 'prefer' && codeOf(error) === 'HANDSHAKE_NO_SSL_SUPPORT';
    if (!withoutTls) throw toConnectorError(error, placeOf(target));
  }
  return attempt(target, false, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw toConnectorError(error, placeOf(target));
  });
}

export function placeOf({ config, workerAddresses }: Target, database?: string): ErrorPlace {
  return { config, workerAddresses, database };
}

function attempt(target: Target, encrypted: boolean, signal: AbortSignal): Promise<DriverConnection> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const connection = createConnection(driverOptions(target, encrypted));
    const onAbort = () => {
      connection.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for the connection's life: without a listener, a connection lost between statements would end the process.
    connection.on('error', reject);
    connection.on('connect', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(connection);
    });
    connection.on('error', () => signal.removeEventListener('abort', onAbort));
  });
}

function driverOptions({ config, password, address }: Target, encrypted: boolean): ConnectionOptions {
  const verify = config.tls === 'verify';
  return {
    host: config.host,
    port: config.port,
    user: config.user,
    password,
    connectTimeout: CONNECT_TIMEOUT,
    charset: 'utf8mb4',
    // 64-bit numbers do not fit a JavaScript number.
    supportBigNumbers: true,
    bigNumberStrings: true,
    rowsAsArray: true,
    trace: false,
    // No server may ask this client for a local file.
    flags: ['-LOCAL_FILES'],
    connectAttributes: { program_name: 'datamap' },
    stream: () => {
      const socket = openSocket({ host: address.address, family: address.family, port: config.port });
      socket.setNoDelay(true);
      socket.setKeepAlive(true, 30_000);
      return socket;
    },
    ...(encrypted ? { ssl: { rejectUnauthorized: verify, verifyIdentity: verify, ...authority(config) } } : {}),
  };
}

function authority({ certificateAuthority }: MysqlConfig): { ca?: string } {
  return certificateAuthority === undefined ? {} : { ca: certificateAuthority };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
