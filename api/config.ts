import { z } from 'zod';
import { parseSecretKey } from '../catalog/sources/seal-secrets.js';

/** What the API needs to know of its surroundings. */
export interface ApiConfig {
  /** Where people reach it, e.g. https://datamap.example.com. Cookies, links and the check of Origin depend on it. */
  publicUrl: URL;
  /** How many proxies in front of it may be believed about the caller's address; 0 believes none. */
  trustedProxies: number;
  /** Lets a scraper read /metrics as a bearer token; without one only tenant admins may. */
  metricsToken?: string;
  /** Days after which lineage of a job or statement that was not seen again is called stale. */
  lineageStaleDays: number;
}

/** The settings of the API process, from its environment. */
export interface ProcessConfig {
  api: ApiConfig;
  host: string;
  port: number;
  logLevel: string;
  databaseUrl: string;
  secretKey: Buffer;
  meili?: { url: string; key?: string };
}

const filled = z.string().trim().min(1);
const url = (protocols: RegExp, example: string) =>
  filled.refine(
    (text) => URL.canParse(text) && protocols.test(new URL(text).protocol),
    `must be a URL such as ${example}`,
  );

const environmentSchema = z.object({
  DATABASE_URL: url(/^postgres(ql)?:$/, 'postgres://datamap:password@localhost:5432/datamap'),
  DATAMAP_SECRET_KEY: filled.transform((text, issues) => {
    try {
      return parseSecretKey(text);
    } catch {
      issues.addIssue('must be 32 bytes in base64 or hex; make one with: openssl rand -base64 32');
      return z.NEVER;
    }
  }),
  PORT: z.coerce.number('must be the number of a port').int().min(0).max(65_535).default(8080),
  DATAMAP_HOST: filled.default('127.0.0.1'),
  DATAMAP_PUBLIC_URL: url(/^https?:$/, 'https://datamap.example.com').optional(),
  DATAMAP_TRUSTED_PROXIES: z.coerce.number('must be a number of proxies').int().min(0).max(10).default(0),
  DATAMAP_METRICS_TOKEN: filled.min(16, 'must have at least 16 characters').optional(),
  DATAMAP_LINEAGE_STALE_DAYS: z.coerce.number('must be a number of days, e.g. 90').int().min(1).max(3_650).default(90),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  MEILI_URL: url(/^https?:$/, 'http://localhost:7700').optional(),
  MEILI_MASTER_KEY: filled.optional(),
});

/** Says every setting that is missing or wrong at once, without their values: some are secrets. */
export class InvalidConfig extends Error {
  constructor(issues: readonly string[]) {
    super(['The API cannot start, because its environment is not complete:', ...issues].join('\n  - '));
    this.name = 'InvalidConfig';
  }
}

/**
 * Reads the settings of the API process.
 * @throws InvalidConfig naming each variable and what it must be
 */
export function readConfig(environment: NodeJS.ProcessEnv): ProcessConfig {
  // An empty variable is what compose files make of a missing one.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(set);
  if (!parsed.success)
    throw new InvalidConfig(
      parsed.error.issues.map((issue) => {
        const name = issue.path.join('.');
        return set[name] === undefined && issue.code === 'invalid_type'
          ? `${name} is not set`
          : `${name} ${issue.message}`;
      }),
    );
  const env = parsed.data;
  return {
    api: {
      publicUrl: new URL(env.DATAMAP_PUBLIC_URL ?? `http://localhost:${env.PORT}`),
      trustedProxies: env.DATAMAP_TRUSTED_PROXIES,
      ...(env.DATAMAP_METRICS_TOKEN === undefined ? {} : { metricsToken: env.DATAMAP_METRICS_TOKEN }),
      lineageStaleDays: env.DATAMAP_LINEAGE_STALE_DAYS,
    },
    host: env.DATAMAP_HOST,
    port: env.PORT,
    logLevel: env.LOG_LEVEL,
    databaseUrl: env.DATABASE_URL,
    secretKey: env.DATAMAP_SECRET_KEY,
    ...(env.MEILI_URL === undefined
      ? {}
      : {
          meili: { url: env.MEILI_URL, ...(env.MEILI_MASTER_KEY === undefined ? {} : { key: env.MEILI_MASTER_KEY }) },
        }),
  };
}
