import { isIP } from 'node:net';
import { type Connection, ConnectorError } from '../contract.js';
import { type MysqlConfig, mysqlSpec } from './spec.js';

/**
 * The configuration of a connection, checked. Throws `INVALID_CONFIG` that names the first field at fault.
 *
 * `verify` takes a name: the driver would compare the certificate of a host given by address with `localhost`.
 */
export function mysqlConfig(connection: Connection): MysqlConfig {
  const parsed = mysqlSpec.configSchema.safeParse(connection.config);
  if (parsed.success) {
    const config = parsed.data as MysqlConfig;
    if (config.tls !== 'verify' || isIP(config.host) === 0) return config;
    throw new ConnectorError(
      'INVALID_CONFIG',
      `TLS cannot verify ${config.host}: host is an address, and certificates are for names`,
      'Name the host as its certificate does, or set TLS to require',
    );
  }
  const [issue] = parsed.error.issues;
  throw new ConnectorError(
    'INVALID_CONFIG',
    `The configuration of the data source is not valid: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    'Correct the data source',
  );
}

/** An account may have no password. */
export function passwordOf({ secrets }: Connection): string {
  return secrets['password'] ?? '';
}
