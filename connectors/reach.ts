import { lookup } from 'node:dns/promises';
import { createConnection } from 'node:net';
import { checkStep } from './check-step.js';
import { type CheckOptions, type CheckStep, ConnectorError } from './contract.js';
import { isRefusedAddress } from './refused-address.js';

export interface SourceAddress {
  address: string;
  family: 4 | 6;
}

/**
 * Resolves a source's host name once. What it returns is what must be connected to: asking again at connect time
 * would let a name answer with an allowed address first and a forbidden one then. TLS goes on verifying the name.
 * IPv4 is preferred, since one address is all we connect to and most databases listen there.
 *
 * Throws ConnectorError `UNKNOWN_HOST`, `ADDRESS_REFUSED` (any of the name's addresses is link-local, a cloud's
 * metadata service or the like), `SOURCE_ERROR` (the resolver itself failed), or the signal's reason.
 */
export async function resolveSource(host: string, { signal }: { signal: AbortSignal }): Promise<SourceAddress> {
  signal.throwIfAborted();
  const addresses = await lookup(host, { all: true, order: 'ipv4first' }).catch((error: NodeJS.ErrnoException) => {
    throw resolverFailure(host, error);
  });
  signal.throwIfAborted();
  const [first] = addresses;
  if (first === undefined) throw unknownHost(host);
  for (const { address, family } of addresses) {
    if (!isRefusedAddress(address, family === 6 ? 6 : 4)) continue;
    const where = address === host ? host : `${host} (${address})`;
    throw new ConnectorError(
      'ADDRESS_REFUSED',
      `${where} is an address that data sources may not have`,
      'Name the database server itself: link-local, metadata, multicast and unspecified addresses are refused, and loopback where DATAMAP_REFUSE_LOOPBACK is true',
    );
  }
  return { address: first.address, family: first.family === 6 ? 6 : 4 };
}

/**
 * The steps `resolve_host` and `tcp_connect` of a connection test, the same for every source on TCP. Returns the
 * address to connect to, or undefined when one of the steps failed.
 */
export async function* reach(
  { host, port }: { host: string; port: number },
  options: CheckOptions,
): AsyncGenerator<CheckStep, SourceAddress | undefined, void> {
  const resolved = yield* checkStep('resolve_host', options, async (signal) => {
    const value = await resolveSource(host, { signal });
    return { value, message: `${host} is ${value.address}`, detail: { address: value.address } };
  });
  if (resolved === undefined) return undefined;
  const describe = (error: unknown) => networkFailure(error, { host, port, workerAddresses: options.workerAddresses });
  return yield* checkStep(
    'tcp_connect',
    options,
    async (signal) => {
      await knock(resolved, port, signal);
      return { value: resolved, message: `Connected to ${resolved.address} port ${port}` };
    },
    { describe, timeout: describe(new DOMException('', 'TimeoutError')) },
  );
}

/**
 * Explains a failure of the network under a driver: Node's socket codes and timeouts. Anything else becomes
 * `CONNECTION_LOST`, so call it for failures of connecting only. `workerAddresses` are named as those to allow.
 */
export function networkFailure(
  error: unknown,
  { host, port, workerAddresses }: { host: string; port: number; workerAddresses?: readonly string[] | undefined },
): ConnectorError {
  const where = `${host} port ${port}`;
  const allow =
    workerAddresses === undefined || workerAddresses.length === 0
      ? "the worker's addresses"
      : workerAddresses.join(', ');
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
      return new ConnectorError(
        'CONNECTION_REFUSED',
        `${where} refuses connections`,
        `See that the server runs, listens on that port and on an outside address, and that its firewall or allow-list admits ${allow}`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return new ConnectorError(
        'CONNECTION_REFUSED',
        `There is no route to ${where}`,
        'Run the crawler in a resource group whose network reaches the source, or connect the two networks',
      );
    case 'ETIMEDOUT':
    case 'TimeoutError':
      return new ConnectorError(
        'CONNECTION_TIMEOUT',
        `${where} does not answer`,
        `Add ${allow} to the source's allow-list or security group; a firewall that drops packets looks like this`,
      );
    default:
      return new ConnectorError(
        'CONNECTION_LOST',
        `${where} closed the connection`,
        `See that the source's allow-list admits ${allow}; a proxy in front of the source can close connections too`,
      );
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Opens a TCP connection and closes it. */
async function knock({ address, family }: SourceAddress, port: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection({ host: address, family, port });
    const onAbort = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => signal.removeEventListener('abort', onAbort));
  });
}

function resolverFailure(host: string, error: NodeJS.ErrnoException): ConnectorError {
  if (error.code === 'ENOTFOUND') return unknownHost(host);
  return new ConnectorError(
    'SOURCE_ERROR',
    `The resolver could not be asked for ${host} (${error.code ?? 'no code'})`,
    "See the worker's DNS settings; it will be tried again",
  );
}

function unknownHost(host: string): ConnectorError {
  return new ConnectorError(
    'UNKNOWN_HOST',
    `There is no host named ${host}`,
    "Correct the name, or see that the worker's resolver knows it: a private name needs a worker inside that network",
  );
}
