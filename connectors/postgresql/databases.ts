import type { DatabaseInfo } from '../contract.js';
import { DATABASES, type DatabaseRow } from './describe-query.js';
import { quoteIdentifier } from './quote-identifier.js';
import type { Session } from './session.js';

/** Databases that providers keep for themselves. */
const SYSTEM_DATABASES: ReadonlySet<string> = new Set([
  'rdsadmin',
  'cloudsqladmin',
  'alloydbadmin',
  'azure_maintenance',
  'azure_sys',
]);

/** The databases of the server, with the missing grant of those that the account may not open. */
export async function readDatabases(session: Session): Promise<DatabaseInfo[]> {
  const rows = await session.query<DatabaseRow>(DATABASES);
  const user = quoteIdentifier(session.identity.user);
  return rows.map(({ name, comment, allowed }) => ({
    name,
    ...(comment === null ? {} : { comment }),
    ...(SYSTEM_DATABASES.has(name) ? { system: true } : {}),
    ...(allowed ? {} : { unavailable: `Not permitted. GRANT CONNECT ON DATABASE ${quoteIdentifier(name)} TO ${user}` }),
  }));
}
