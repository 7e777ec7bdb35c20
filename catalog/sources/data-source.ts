import type { z } from 'zod';
import type { SourceLimits } from '../governor/limits.js';
import { InvalidInput } from '../model/errors.js';
import { SECRET_REFERENCE } from './secret-references.js';

export type Environment = 'development' | 'production';

/** What is needed to know of a source type; a connector's spec has it. */
export interface SourceType {
  type: string;
  /** Names of the credentials it takes. */
  secrets: readonly string[];
  configSchema: z.ZodType<{ host: string; port: number; [field: string]: unknown }>;
}

export interface DataSource {
  id: string;
  workspaceId: string;
  name: string;
  description: string | null;
  type: string;
  /** The instance part of every guid. Stays. */
  instance: string;
  environment: Environment;
  region: string | null;
  config: Record<string, unknown>;
  limits: SourceLimits;
  /** Which credentials there are, never what they are. Names without one are left out: see secretStates. */
  secrets: Record<string, 'set' | 'reference'>;
  /** Where references point, e.g. `env:NAME`. */
  secretRefs: Record<string, string>;
  createdBy: string | null;
  createdAt: Date;
  updatedAt: Date;
  version: number;
  crawlers: number;
}

/** Every credential that a type takes, and whether a source has it. */
export function secretStates(
  names: readonly string[],
  source: Pick<DataSource, 'secrets'>,
): Record<string, 'set' | 'reference' | 'missing'> {
  return Object.fromEntries(names.map((name) => [name, source.secrets[name] ?? ('missing' as const)]));
}

/** The instance of a source that names none: where its server listens. */
export function instanceOf(config: { host: string; port: number }): string {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `${host}:${config.port}`.toLowerCase();
}

/** @throws InvalidInput with a path under `config` for each field that the type refuses */
export function parseConfig(
  type: SourceType,
  config: unknown,
): { host: string; port: number; [field: string]: unknown } {
  const result = type.configSchema.safeParse(config);
  if (result.success) return result.data;
  throw new InvalidInput(
    result.error.issues.map((issue) => ({ path: ['config', ...issue.path].join('.'), message: issue.message })),
  );
}

/** @throws InvalidInput when a credential is of no such name, given twice over, or a reference reads as none */
export function checkSecrets(
  type: SourceType,
  secrets: Readonly<Record<string, string | null>>,
  references: Readonly<Record<string, string | null>>,
): void {
  const issues = [
    ...Object.keys(secrets)
      .filter((name) => !type.secrets.includes(name))
      .map((name) => ({ path: `secrets.${name}`, message: `is not a credential of ${type.type}` })),
    ...Object.keys(references)
      .filter((name) => !type.secrets.includes(name))
      .map((name) => ({ path: `secretRefs.${name}`, message: `is not a credential of ${type.type}` })),
    ...Object.keys(references)
      .filter((name) => typeof secrets[name] === 'string' && references[name] !== null)
      .map((name) => ({ path: `secretRefs.${name}`, message: 'is given as a value too' })),
    ...Object.entries(references)
      .filter(([, reference]) => reference !== null && !SECRET_REFERENCE.test(reference))
      .map(([name]) => ({ path: `secretRefs.${name}`, message: 'must be env:NAME or file:/absolute/path' })),
    ...Object.entries(secrets)
      .filter(([, secret]) => secret !== null && (secret === '' || Buffer.byteLength(secret) > 65_536))
      .map(([name]) => ({ path: `secrets.${name}`, message: 'must have 1 to 65,536 bytes' })),
  ];
  if (issues.length > 0) throw new InvalidInput(issues);
}
