import { z } from 'zod';
import type { ConnectorSpec } from '../contract.js';
import { type DatabaseUrlForm, parseDatabaseUrl } from '../database-url.js';
import { mysqlDdl } from './ddl.js';

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

const URL_FORM: DatabaseUrlForm = {
  example: 'mysql://user:password@host:3306/database?ssl-mode=REQUIRED',
  tls: {
    parameter: 'ssl-mode',
    modes: {
      disabled: 'off',
      preferred: 'prefer',
      required: 'require',
      verify_ca: 'verify',
      verify_identity: 'verify',
    },
  },
  configSchema,
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
  parseUrl: (text) => parseDatabaseUrl(text, URL_FORM),
  timeliness: { tables: 'by schedule', partitions: 'by schedule', lineage: 'by schedule' },
  scopeEditable: true,
  gaps: [
    { what: 'owner', why: 'MySQL and MariaDB keep no owner of a table.' },
    {
      what: 'lineage of statements',
      why: 'Their histories of statements are not read: lineage comes from views, and from what jobs and people tell.',
    },
    {
      what: 'renames',
      why: 'They give a table no number of its own, so that a renamed table is a removed and an added one.',
    },
    { what: 'size of views', why: 'They keep no rows of a view, so there are none to estimate.' },
    { what: 'constraints other than keys', why: 'CHECK constraints, triggers and privileges are not read.' },
  ],
  writeDdl: mysqlDdl,
};
