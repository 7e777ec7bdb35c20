import { z } from 'zod';
import type { ConnectorSpec } from '../contract.js';
import { type DatabaseUrlForm, parseDatabaseUrl } from '../database-url.js';
import { postgresqlDdl } from './ddl.js';

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

const URL_FORM: DatabaseUrlForm = {
  example: 'postgres://user:password@host:5432/database?sslmode=require',
  tls: {
    parameter: 'sslmode',
    modes: {
      disable: 'off',
      allow: 'prefer',
      prefer: 'prefer',
      require: 'require',
      'verify-ca': 'verify',
      'verify-full': 'verify',
    },
  },
  configSchema,
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
  parseUrl: (text) => parseDatabaseUrl(text, URL_FORM),
  timeliness: { tables: 'by schedule', partitions: 'by schedule', lineage: 'by schedule' },
  scopeEditable: true,
  queryHistory: 'The view of the extension pg_stat_statements, of each database in which the extension is created.',
  gaps: [
    { what: 'size of views', why: 'PostgreSQL keeps no rows of a view, so there are none to estimate.' },
    {
      what: 'constraints other than keys',
      why: 'CHECK and EXCLUDE constraints, triggers, rules, policies and privileges are not read.',
    },
    { what: 'partitions of partitions', why: 'Their bounds are read, not by what a partition is itself partitioned.' },
  ],
  writeDdl: postgresqlDdl,
};
