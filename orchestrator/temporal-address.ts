import { readFileSync } from 'node:fs';

/** How to reach Temporal; fits the client's and the worker's connection alike. */
export interface TemporalAddress {
  connection: {
    address: string;
    tls?: TemporalTls | true;
    apiKey?: string;
  };
  namespace: string;
}

export interface TemporalTls {
  serverNameOverride?: string;
  serverRootCACertificate?: Buffer;
  clientCertPair?: { crt: Buffer; key: Buffer };
}

/** A setting of the Temporal connection is unusable; the message names it and says what it must be. */
export class BadTemporalAddress extends Error {
  readonly code = 'BAD_TEMPORAL_ADDRESS';

  constructor(message: string) {
    super(message);
    this.name = 'BadTemporalAddress';
  }
}

/**
 * Reads the connection from the environment, under the names that Temporal's own tools use:
 * TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS, TEMPORAL_TLS_SERVER_NAME,
 * TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH.
 * Without an address it is the one a server on this machine has by default.
 * @throws BadTemporalAddress
 */
export function temporalAddress(env: NodeJS.ProcessEnv): TemporalAddress {
  const address = set(env, 'TEMPORAL_ADDRESS') ?? '127.0.0.1:7233';
  if (!/^(\[[0-9a-fA-F:]+\]|[^:\s/]+)(:\d{1,5})?$/.test(address)) {
    throw new BadTemporalAddress(`TEMPORAL_ADDRESS must read like temporal.example:7233, without a scheme: ${address}`);
  }
  const apiKey = set(env, 'TEMPORAL_API_KEY');
  const tls = tlsOf(env, apiKey !== undefined);
  return {
    connection: {
      address,
      ...(tls === undefined ? {} : { tls }),
      ...(apiKey === undefined ? {} : { apiKey }),
    },
    namespace: set(env, 'TEMPORAL_NAMESPACE') ?? 'default',
  };
}

function tlsOf(env: NodeJS.ProcessEnv, withApiKey: boolean): TemporalTls | true | undefined {
  const certificate = fileOf(env, 'TEMPORAL_TLS_CLIENT_CERT_PATH');
  const key = fileOf(env, 'TEMPORAL_TLS_CLIENT_KEY_PATH');
  if ((certificate === undefined) !== (key === undefined)) {
    throw new BadTemporalAddress('TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH must be set together');
  }
  const authority = fileOf(env, 'TEMPORAL_TLS_SERVER_CA_CERT_PATH');
  const serverName = set(env, 'TEMPORAL_TLS_SERVER_NAME');
  const options: TemporalTls = {
    ...(serverName === undefined ? {} : { serverNameOverride: serverName }),
    ...(authority === undefined ? {} : { serverRootCACertificate: authority }),
    ...(certificate === undefined || key === undefined ? {} : { clientCertPair: { crt: certificate, key } }),
  };
  const wanted = set(env, 'TEMPORAL_TLS');
  if (wanted !== undefined && wanted !== 'true' && wanted !== 'false') {
    throw new BadTemporalAddress('TEMPORAL_TLS must be true or false');
  }
  if (Object.keys(options).length > 0) {
    if (wanted === 'false')
      throw new BadTemporalAddress('TEMPORAL_TLS is false, but other TEMPORAL_TLS_ settings are there');
    return options;
  }
  // A key in the clear would be everyone's; so it is only ever sent over TLS, unless that is turned off by hand.
  return wanted === 'true' || (withApiKey && wanted !== 'false') ? true : undefined;
}

function fileOf(env: NodeJS.ProcessEnv, name: string): Buffer | undefined {
  const path = set(env, name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch {
    throw new BadTemporalAddress(`${name} names ${path}, which cannot be read`);
  }
}

/** Empty counts as not set: that is how a compose file passes on a variable nobody gave. */
function set(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}
