import { z } from 'zod';
import { ConnectorError, type ConnectorSpec } from '../contract.js';

const configSchema = z.strictObject({
  host: z.string().trim().min(1).max(253),
  port: z.int().min(1).max(65_535).default(3306),
  /** The database the data source itself names; optional, since a MySQL server lists all of them to anyone. */
  database: z.string().min(1).max(64).optional(),
  user: z.string().min(1).max(128),
  /** `verify` also checks the certificate's chain and host name. */
  tls: z.enum(['off', 'prefer', 'require', 'verify']).default('prefer'),
  /** PEM of the authority that signed the server's certificate, where the system does not know it. */
  certificateAuthority: z.string().max(65_536).optional(),
});

export type MysqlConfig = z.infer<typeof configSchema>;

const TLS_OF_SSL_MODE: Record<string, MysqlConfig['tls']> = {
  DISABLED: 'off',
  PREFERRED: 'prefer',
  REQUIRED: 'require',
  VERIFY_CA: 'verify',
  VERIFY_IDENTITY: 'verify',
};

export const mysqlSpec: ConnectorSpec = {
  type: 'mysql',
  displayName: 'MySQL',
  group: 'database',
  granularity: 'database',
  databaseNoun: 'database',
  defaultPort: 3306,
  versions: 'MySQL 5.7, 8 and 9, MariaDB 10.3 and newer',
  configSchema,
  secrets: ['password'],
  urlSchemes: ['mysql', 'mariadb'],
  parseUrl,
  timeliness: { tables: 'by schedule', partitions: 'by schedule', lineage: 'not supported' },
  scopeEditable: true,
};

function parseUrl(text: string): ReturnType<ConnectorSpec['parseUrl']> {
  const remedy = 'Write it as mysql://user:password@host:3306/database?ssl-mode=REQUIRED';
  if (!URL.canParse(text)) throw new ConnectorError('INVALID_URL', 'This is not a connection URL', remedy);
  const url = new URL(text);
  const mode = url.searchParams.get('ssl-mode');
  const tls = mode === null ? 'prefer' : TLS_OF_SSL_MODE[mode.toUpperCase()];
  if (tls === undefined)
    throw new ConnectorError('INVALID_URL', `ssl-mode=${mode} is not one that MySQL knows`, remedy);
  const user = decodeURIComponent(url.username);
  if (url.hostname === '' || user === '')
    throw new ConnectorError('INVALID_URL', 'The connection URL names no host or no user', remedy);
  const database = decodeURIComponent(url.pathname.slice(1));
  const config = configSchema.parse({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...(database === '' ? {} : { database }),
    user,
    tls,
  });
  return {
    config,
    secrets: url.password === '' ? {} : { password: decodeURIComponent(url.password) },
    ...(database === '' ? {} : { database }),
  };
}
