import { type Connection, ConnectorError } from '../contract.js';
import { type PostgresqlConfig, postgresqlSpec } from './spec.js';

/** Throws ConnectorError `INVALID_CONFIG` that names each field and what is wrong with it. */
export function validate(connection: Connection): PostgresqlConfig {
  const result = postgresqlSpec.configSchema.safeParse(connection.config);
  if (result.success) return result.data as PostgresqlConfig;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.') || 'config'}: ${message}`);
  throw new ConnectorError('INVALID_CONFIG', faults.join('; '), 'Correct these fields of the data source');
}
