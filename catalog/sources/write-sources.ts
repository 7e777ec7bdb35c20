import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NameTaken, NotFound, VersionConflict } from '../../db/refusals.js';
import { isForeignKeyViolation, isUniqueViolation } from '../../db/violations.js';
import { CycleNeedsProduction } from '../crawlers/errors.js';
import type { SourceLimits } from '../governor/limits.js';
import { InvalidInput } from '../model/errors.js';
import {
  checkSecrets,
  type DataSource,
  type Environment,
  instanceOf,
  parseConfig,
  type SourceType,
} from './data-source.js';
import { InstanceFixed, SourceInUse } from './errors.js';
import { getSource } from './read-sources.js';
import { openSecrets, sealedNames, sealSecrets } from './seal-secrets.js';

/**
 * Creates a data source; its credentials are sealed before they reach the database.
 * @throws InvalidInput for what the source type refuses; NameTaken; NotFound when the workspace is gone
 */
export async function createSource(
  database: Database,
  context: { secretKey: Buffer; type: SourceType },
  source: {
    workspaceId: string;
    name: string;
    description?: string | null;
    environment: Environment;
    region?: string | null;
    /** `host:port` of the config when left out. */
    instance?: string;
    config: unknown;
    limits?: SourceLimits;
    secrets?: Readonly<Record<string, string>>;
    secretRefs?: Readonly<Record<string, string>>;
    createdBy?: string;
  },
): Promise<DataSource> {
  const config = parseConfig(context.type, source.config);
  checkSecrets(context.type, source.secrets ?? {}, source.secretRefs ?? {});
  const instance = source.instance?.trim() ?? instanceOf(config);
  if (!/^[^\p{Cc}]{1,300}$/u.test(instance))
    throw new InvalidInput([
      { path: 'instance', message: 'must have 1 to 300 characters, none of them a control one' },
    ]);
  const id = randomUUID();
  const secrets = source.secrets ?? {};
  try {
    await query(
      database,
      `INSERT INTO data_source (
         id, workspace_id, name, description, type, instance, environment, region, config, limits, secret_sealed,
         secret_refs, created_by
       ) VALUES (
         :id, :workspaceId, :name, :description, :type, :instance, :environment, :region, :config, :limits, :sealed,
         :refs, :createdBy
       )`,
      {
        id,
        workspaceId: source.workspaceId,
        name: source.name,
        description: source.description ?? null,
        type: context.type.type,
        instance,
        environment: source.environment,
        region: source.region ?? null,
        config: JSON.stringify(config),
        limits: JSON.stringify(source.limits ?? {}),
        sealed: Object.keys(secrets).length === 0 ? null : sealSecrets(context.secretKey, id, secrets),
        refs: JSON.stringify(source.secretRefs ?? {}),
        createdBy: source.createdBy ?? null,
      },
    );
  } catch (error) {
    if (isUniqueViolation(error, 'data_source_name_unique')) throw new NameTaken('data source', source.name);
    if (isForeignKeyViolation(error, 'data_source_workspace_id_fkey'))
      throw new NotFound('workspace', source.workspaceId);
    throw error;
  }
  return getSource(database, id);
}

export interface SourceChange {
  version: number;
  name?: string;
  description?: string | null;
  environment?: Environment;
  region?: string | null;
  /** Refused unless it is what it was. */
  instance?: string;
  /** The whole config, not a part of it. */
  config?: unknown;
  /** All of them, not a part. */
  limits?: SourceLimits;
  /** By name: a value replaces what there was, null takes it away, names left out stay. */
  secrets?: Readonly<Record<string, string | null>>;
  secretRefs?: Readonly<Record<string, string | null>>;
}

/**
 * Changes what is given.
 * @throws NotFound, VersionConflict, NameTaken, InvalidInput, InstanceFixed; CycleNeedsProduction when crawlers collect
 *   it by cycle and it is to leave production; SecretUnavailable when credentials that stay cannot be opened
 */
export async function updateSource(
  database: Database,
  context: { secretKey: Buffer; type: SourceType },
  id: string,
  change: SourceChange,
): Promise<DataSource> {
  checkSecrets(context.type, change.secrets ?? {}, change.secretRefs ?? {});
  const config = change.config === undefined ? undefined : parseConfig(context.type, change.config);
  try {
    return await database.transaction(async (transaction) => {
      const current = await lockSource(transaction, id);
      if (current.version !== change.version) throw new VersionConflict('data source', id, current.version);
      if (change.instance !== undefined && change.instance.trim() !== current.instance)
        throw new InstanceFixed(current.instance);
      if (change.environment === 'development') await refuseCycles(transaction, id);
      const { sealed, refs } = mergeSecrets(context.secretKey, id, current, change);
      await query(
        transaction,
        `WITH renamed AS (
           SELECT id FROM data_source WHERE id = :id AND name <> :name
         ), reindexed AS (
           -- What search shows of an entity names its data source.
           INSERT INTO search_outbox (entity_id, crawler_id)
           SELECT e.id, d.crawler_id
             FROM renamed r
             JOIN collected_database d ON d.data_source_id = r.id
             JOIN entity e ON e.collected_database_id = d.id AND e.removed_at IS NULL
         )
         UPDATE data_source
            SET name = coalesce(:name, name),
                description = CASE WHEN :describes THEN :description ELSE description END,
                environment = coalesce(:environment, environment),
                region = CASE WHEN :places THEN :region ELSE region END,
                config = coalesce(:config::jsonb, config),
                limits = coalesce(:limits::jsonb, limits),
                secret_sealed = :sealed, secret_refs = :refs, updated_at = now(), version = version + 1
          WHERE id = :id`,
        {
          id,
          name: change.name ?? null,
          describes: change.description !== undefined,
          description: change.description ?? null,
          environment: change.environment ?? null,
          places: change.region !== undefined,
          region: change.region ?? null,
          config: config === undefined ? null : JSON.stringify(config),
          limits: change.limits === undefined ? null : JSON.stringify(change.limits),
          sealed,
          refs: JSON.stringify(refs),
        },
      );
      return getSource(transaction, id);
    });
  } catch (error) {
    if (isUniqueViolation(error, 'data_source_name_unique')) throw new NameTaken('data source', change.name ?? '');
    throw error;
  }
}

/** @throws NotFound; SourceInUse naming the crawlers that collect it */
export async function deleteSource(database: Database, id: string): Promise<void> {
  const source = await getSource(database, id);
  try {
    await query(
      database,
      `WITH unnamed AS (
         UPDATE collected_database SET data_source_id = NULL WHERE data_source_id = :id AND retired_at IS NOT NULL
       )
       DELETE FROM data_source WHERE id = :id`,
      { id },
    );
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
    const crawlers = await query<{ id: string; name: string }>(
      database,
      'SELECT id, name FROM crawler WHERE data_source_id = ? ORDER BY name LIMIT 20',
      [id],
    );
    throw new SourceInUse(source.name, crawlers);
  }
}

interface LockedSource {
  version: number;
  instance: string;
  secret_sealed: Buffer | null;
  secret_refs: Record<string, string>;
}

async function lockSource(transaction: Database, id: string): Promise<LockedSource> {
  const [source] = await query<LockedSource>(
    transaction,
    'SELECT version, instance, secret_sealed, secret_refs FROM data_source WHERE id = ? FOR UPDATE',
    [id],
  );
  if (source === undefined) throw new NotFound('data source', id);
  return source;
}

async function refuseCycles(transaction: Database, dataSourceId: string): Promise<void> {
  const cyclic = await query<{ name: string }>(
    transaction,
    `SELECT name FROM crawler WHERE data_source_id = ? AND status = 'active' AND plan ->> 'mode' = 'cycle' ORDER BY name`,
    [dataSourceId],
  );
  if (cyclic.length > 0) throw new CycleNeedsProduction(cyclic.map((crawler) => crawler.name));
}

/** A credential is a sealed value or a reference, never both: the one given last takes the other's place. */
function mergeSecrets(
  key: Buffer,
  id: string,
  current: LockedSource,
  change: SourceChange,
): { sealed: Buffer | null; refs: Record<string, string> } {
  const values = change.secrets ?? {};
  const references = change.secretRefs ?? {};
  const refs = { ...current.secret_refs };
  for (const [name, reference] of Object.entries(references)) {
    if (reference === null) delete refs[name];
    else refs[name] = reference;
  }
  for (const [name, value] of Object.entries(values)) if (value !== null) delete refs[name];
  const names = sealedNames(current.secret_sealed);
  const untouched = names.filter((name) => !(name in values) && typeof references[name] !== 'string');
  const replaced = untouched.length < names.length || Object.values(values).some((value) => value !== null);
  if (!replaced) return { sealed: current.secret_sealed, refs };
  // Opened only for what stays: when all are entered again, a lost key does not stand in the way.
  const opened =
    untouched.length === 0 || current.secret_sealed === null ? {} : openSecrets(key, id, current.secret_sealed);
  const kept = Object.fromEntries(Object.entries(opened).filter(([name]) => untouched.includes(name)));
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== null);
  const secrets = { ...kept, ...Object.fromEntries(given) };
  return { sealed: Object.keys(secrets).length === 0 ? null : sealSecrets(key, id, secrets), refs };
}
