import { type Connection, ConnectorError } from '../contract.js';
import { type MysqlConfig, mysqlSpec } from './spec.js';

/** The configuration of a connection, checked. Throws `INVALID_CONFIG` that names the first field at fault. */
export function mysqlConfig(connection: Connection): MysqlConfig {
  const parsed = mysqlSpec.configSchema.safeParse(connection.config);
  if (parsed.success) return parsed.data as MysqlConfig;
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
