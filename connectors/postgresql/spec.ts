import { z } from 'zod';
import { ConnectorError, type ConnectorSpec } from '../contract.js';

const configSchema = z.strictObject({
  host: z.string().trim().min(1).max(253),
  port: z.int().min(1).max(65_535).default(5432),
  /** The database the data source itself names: connected to for tests and listings. */
  database: z.string().min(1).max(63).default('postgres'),
  user: z.string().min(1).max(128),
  /** `verify` also checks the certificate's chain and host name. */
  tls: z.enum(['off', 'prefer', 'require', 'verify']).default('prefer'),
  /** PEM of the authority that signed the server's certificate, where the system does not know it. */
  certificateAuthority: z.string().max(65_536).optional(),
});

export type PostgresqlConfig = z.infer<typeof configSchema>;

const TLS_OF_SSLMODE: Record<string, PostgresqlConfig['tls']> = {
  disable: 'off',
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  'verify-ca': 'verify',
  'verify-full': 'verify',
};

export const postgresqlSpec: ConnectorSpec = {
  type: 'postgresql',
  displayName: 'PostgreSQL',
  group: 'database',
  granularity: 'database',
  databaseNoun: 'database',
  defaultPort: 5432,
  versions: '12 to 18',
  configSchema,
  secrets: ['password'],
  urlSchemes: ['postgres', 'postgresql'],
  parseUrl,
  timeliness: { tables: 'by schedule', partitions: 'by schedule', lineage: 'not supported' },
  scopeEditable: true,
};

function parseUrl(text: string): ReturnType<ConnectorSpec['parseUrl']> {
  const remedy = 'Write it as postgres://user:password@host:5432/database?sslmode=require';
  if (!URL.canParse(text)) throw new ConnectorError('INVALID_URL', 'This is not a connection URL', remedy);
  const url = new URL(text);
  const sslmode = url.searchParams.get('sslmode');
  const tls = sslmode === null ? 'prefer' : TLS_OF_SSLMODE[sslmode];
  if (tls === undefined)
    throw new ConnectorError('INVALID_URL', `sslmode=${sslmode} is not one that PostgreSQL knows`, remedy);
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
