import { z } from 'zod';
import { parseSecretKey } from '../catalog/sources/seal-secrets.js';
import type { OpenLineageReceiver } from '../catalog/webhooks/openlineage-receiver.js';
import { type TemporalAddress, temporalAddress } from '../orchestrator/temporal-address.js';

export interface WorkerConfig {
  databaseUrl: string;
  secretKey: Buffer;
  temporal: TemporalAddress;
  meiliUrl: string | undefined;
  meiliKey: string | undefined;
  /** No health endpoint without one. */
  healthPort: number | undefined;
  /** Where Temporal's own metrics of this worker can be scraped, e.g. `0.0.0.0:9465`. */
  metricsAddress: string | undefined;
  roles: { control: boolean; groups: boolean };
  /** The only resource groups to serve; all of them when undefined. */
  resourceGroups: ReadonlySet<string> | undefined;
  /** How many days what was removed from the map can be restored; the activities' own default when not set. */
  tombstoneDays: number | undefined;
  /** Days after which a plan that nobody applied is dropped. */
  planDays: number | undefined;
  /** Days after which a statement of a query history that did not run again is forgotten. */
  historyDays: number | undefined;
  /** Who is told of runs as OpenLineage. */
  openLineage: OpenLineageReceiver | undefined;
  logLevel: string;
}

/** Settings of the worker are missing or wrong; the message has a line for each, naming it and saying what it must be. */
export class BadWorkerConfig extends Error {
  readonly code = 'BAD_WORKER_CONFIG';

  constructor(lines: readonly string[]) {
    super(`The worker cannot start with these settings:\n${lines.map((line) => `  - ${line}`).join('\n')}`);
    this.name = 'BadWorkerConfig';
  }
}

const port = z.coerce.number('must be a port number').int().min(0).max(65_535);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

const settings = z.object({
  DATABASE_URL: z
    .string("is missing; set it to the catalog's PostgreSQL, e.g. postgres://datamap:...@db:5432/datamap")
    .regex(/^postgres(ql)?:\/\//, 'must be a URL that begins with postgres://'),
  DATAMAP_SECRET_KEY: z.string('is missing; set it to the same 32 bytes, in base64 or hex, as for the API'),
  MEILI_URL: z.url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' }).optional(),
  MEILI_MASTER_KEY: z.string().optional(),
  WORKER_HEALTH_PORT: port.optional(),
  WORKER_METRICS_ADDRESS: z
    .string()
    .regex(/^.+:\d{1,5}$/, 'must be an address to listen on, e.g. 0.0.0.0:9465')
    .optional(),
  DATAMAP_WORKER_ROLES: list
    .pipe(z.array(z.enum(['control', 'groups'], 'must be control, groups, or both with a comma')).min(1))
    .optional(),
  DATAMAP_RESOURCE_GROUPS: list
    .pipe(z.array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be ids of resource groups with commas')).min(1))
    .optional(),
  DATAMAP_PLAN_DAYS: z.coerce.number('must be a number of days, e.g. 7').int().min(1).max(365).optional(),
  DATAMAP_QUERY_HISTORY_DAYS: z.coerce.number('must be a number of days, e.g. 30').int().min(1).max(3_650).optional(),
  DATAMAP_TOMBSTONE_DAYS: z.coerce.number('must be a number of days, e.g. 30').int().min(1).max(3_650).optional(),
  DATAMAP_OPENLINEAGE_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that begins with http:// or https://' })
    .refine((text) => !URL.canParse(text) || new URL(text).username === '', 'must not hold a user or a password')
    .transform(addressOfEvents)
    .optional(),
  DATAMAP_OPENLINEAGE_API_KEY: z.string().max(8_192).optional(),
  DATAMAP_OPENLINEAGE_NAMESPACE: z.string().max(500).default('datamap'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'must be trace, debug, info, warn or error')
    .default('info'),
});

/**
 * Reads and checks the worker's settings. No value is repeated in a message, since some are secrets.
 * @throws BadWorkerConfig
 */
export function workerConfig(env: NodeJS.ProcessEnv): WorkerConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = settings.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(({ path, message }) => `${path[0]?.toString() ?? 'setting'} ${message}`);
  const secretKey = attempt(() => parseSecretKey(parsed.data?.DATAMAP_SECRET_KEY ?? env['DATAMAP_SECRET_KEY'] ?? ''));
  if (typeof secretKey === 'string' && given['DATAMAP_SECRET_KEY'] !== undefined)
    problems.push(`DATAMAP_SECRET_KEY: ${secretKey}`);
  const temporal = attempt(() => temporalAddress(env));
  if (typeof temporal === 'string') problems.push(temporal);
  if (!parsed.success || problems.length > 0 || typeof secretKey === 'string' || typeof temporal === 'string')
    throw new BadWorkerConfig(problems);
  const { data } = parsed;
  const roles = data.DATAMAP_WORKER_ROLES ?? ['control', 'groups'];
  return {
    databaseUrl: data.DATABASE_URL,
    secretKey,
    temporal,
    meiliUrl: data.MEILI_URL,
    meiliKey: data.MEILI_MASTER_KEY,
    healthPort: data.WORKER_HEALTH_PORT,
    metricsAddress: data.WORKER_METRICS_ADDRESS,
    roles: { control: roles.includes('control'), groups: roles.includes('groups') },
    resourceGroups: data.DATAMAP_RESOURCE_GROUPS === undefined ? undefined : new Set(data.DATAMAP_RESOURCE_GROUPS),
    tombstoneDays: data.DATAMAP_TOMBSTONE_DAYS,
    planDays: data.DATAMAP_PLAN_DAYS,
    historyDays: data.DATAMAP_QUERY_HISTORY_DAYS,
    openLineage:
      data.DATAMAP_OPENLINEAGE_URL === undefined
        ? undefined
        : {
            url: data.DATAMAP_OPENLINEAGE_URL,
            apiKey: data.DATAMAP_OPENLINEAGE_API_KEY,
            namespace: data.DATAMAP_OPENLINEAGE_NAMESPACE,
          },
    logLevel: data.LOG_LEVEL,
  };
}

/** Where OpenLineage's clients send events when they are given no more than a server. */
function addressOfEvents(text: string): string {
  const url = new URL(text);
  if (url.pathname === '/') url.pathname = '/api/v1/lineage';
  return url.href;
}

/** The value, or what keeps it from being one. */
function attempt<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
