import { Socket } from 'node:net';
import pg from 'pg';
import { ConnectorError } from '../contract.js';
import type { SourceAddress } from '../reach.js';
import {
  type Attempt,
  connectFailure,
  isHostRuleRefusal,
  isWithoutTls,
  notPostgresql,
  sqlStateOf,
  tlsRequired,
} from './errors.js';
import { askForTls, shakeHands, tlsOptions } from './tls.js';

/** Milliseconds for TCP, TLS and authentication together. */
const CONNECT_TIMEOUT = 10_000;
/** Milliseconds that a server gets to follow a cancel request before its socket is destroyed. */
const CANCEL_GRACE = 1_000;
const CANCEL_REQUEST_CODE = 80_877_102;

export interface ConnectTarget extends Attempt {
  /** Where the host was resolved to; nothing else is connected to. */
  address: SourceAddress;
  password: string | undefined;
}

/** One connection of the driver, with the means to end it at once. */
export interface Link {
  client: pg.Client;
  encrypted: boolean;
  /** The server process, as its key data tells. A pooler tells a number of its own. */
  processId: number | null;
  /** Ends the running statement at the server, then the connection. Never throws. */
  interrupt(): Promise<void>;
  /** Ends the connection in order, or by force where the server does not answer. Never throws. */
  close(): Promise<void>;
}

/**
 * Connects and authenticates. `prefer` goes on without TLS where the server has none, or where its pg_hba.conf lets
 * nobody in with it, as libpq does; a failed handshake is never a reason to go on without.
 *
 * Throws ConnectorError, or the signal's reason.
 */
export async function connect(target: ConnectTarget, signal: AbortSignal): Promise<Link> {
  signal.throwIfAborted();
  const { tls } = target.config;
  try {
    return await attempt(target, tls !== 'off', signal);
  } catch (error) {
    signal.throwIfAborted();
    if (tls === 'prefer' && (isWithoutTls(error) || isHostRuleRefusal(error))) {
      return attempt(target, false, signal).catch((second: unknown) => {
        signal.throwIfAborted();
        throw connectFailure(second, target);
      });
    }
    if (tls === 'off' && isHostRuleRefusal(error) && (await isLetInWithTls(target, signal)))
      throw tlsRequired(target.config);
    if (sqlStateOf(error) === undefined && (await isSomethingElse(target, signal))) throw notPostgresql(target.config);
    throw connectFailure(error, target);
  }
}

/** Knocks once more, encrypted and without the password: whoever is asked for it has passed the server's host rules. */
async function isLetInWithTls(target: ConnectTarget, signal: AbortSignal): Promise<boolean> {
  try {
    await (await attempt({ ...target, password: undefined }, true, signal)).close();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    return !isHostRuleRefusal(error) && !isWithoutTls(error);
  }
}

async function attempt(target: ConnectTarget, encrypted: boolean, signal: AbortSignal): Promise<Link> {
  const { config, database, address, password } = target;
  const socket = new Socket();
  const client = new pg.Client({
    host: address.address,
    port: config.port,
    user: config.user,
    database,
    // A function, because the driver would take an absent password from the worker's own environment or ~/.pgpass.
    password: () => password ?? '',
    ssl: encrypted ? tlsOptions(config) : false,
    application_name: 'datamap',
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    keepAlive: true,
    stream: () => socket,
  });
  // Losing an idle connection shows at the next statement; without a listener it would end the process.
  client.on('error', () => undefined);
  const onAbort = () => socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect();
    signal.throwIfAborted();
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  const { processID: processId, secretKey } = client as unknown as { processID: number | null; secretKey: unknown };
  const close = async () => {
    const force = setTimeout(() => socket.destroy(), CANCEL_GRACE);
    await client.end().catch(() => undefined);
    clearTimeout(force);
    socket.destroy();
  };
  return {
    client,
    encrypted,
    processId,
    close,
    interrupt: async () => {
      if (processId !== null && typeof secretKey === 'number')
        await requestCancel(target, encrypted, processId, secretKey).catch(() => undefined);
      await close();
    },
  };
}

/**
 * Asks the server, over a connection of its own as the protocol wants it, to end what a process is doing. The server
 * answers by closing; the statement itself then fails with 57014.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
async function requestCancel(
  { address, config }: ConnectTarget,
  encrypted: boolean,
  processId: number,
  secretKey: number,
): Promise<void> {
  const signal = AbortSignal.timeout(CANCEL_GRACE);
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  message.writeInt32BE(processId, 8);
  message.writeInt32BE(secretKey, 12);
  const socket = encrypted
    ? await askForTls(address, config.port, signal).then((asked) => shakeHands(asked.socket, config, signal))
    : new Socket().connect({ host: address.address, family: address.family, port: config.port });
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.once('error', () => undefined);
    socket.once('close', () => resolve());
    socket.resume();
    socket.end(message);
  });
}

/** True when something listens that is surely not PostgreSQL. Asked only after a connection failed. */
async function isSomethingElse({ address, config }: ConnectTarget, signal: AbortSignal): Promise<boolean> {
  try {
    const { socket, answer } = await askForTls(
      address,
      config.port,
      AbortSignal.any([signal, AbortSignal.timeout(CANCEL_GRACE)]),
    );
    socket.destroy();
    return answer === 'not postgresql';
  } catch (error) {
    if (error instanceof ConnectorError) throw error;
    return false;
  }
}
