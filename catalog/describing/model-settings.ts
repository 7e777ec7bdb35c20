import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { VersionConflict } from '../../db/refusals.js';
import { SecretUnavailable } from '../sources/errors.js';
import { openSecrets, sealSecrets } from '../sources/seal-secrets.js';
import { KeyOfOtherAddress, ModelNotConfigured, ModelUrlRefused } from './errors.js';

/** Which model is asked for descriptions, and how much. */
export interface ModelSettings {
  /** Null until somebody configured it. */
  url: string | null;
  model: string | null;
  hasApiKey: boolean;
  /** Of the descriptions, in the words of people. */
  language: string;
  /** Null for no limit. */
  tokensPerDay: number | null;
  requestsPerMinute: number;
  /** Requests at once. */
  concurrency: number;
  timeoutSeconds: number;
  enabled: boolean;
  version: number;
  updatedAt: Date;
}

export interface ModelChange
  extends Partial<Omit<ModelSettings, 'hasApiKey' | 'version' | 'updatedAt' | 'url' | 'model'>> {
  url?: string;
  model?: string;
  /** Null takes it away. */
  apiKey?: string | null;
}

/** What the seal is bound to, as it is to a data source's id for that one's credentials. */
const SEALED_FOR = 'description-model';

const SELECT = `
  SELECT url, model, api_key IS NOT NULL AS "hasApiKey", language, tokens_per_day::float8 AS "tokensPerDay",
         requests_per_minute AS "requestsPerMinute", concurrency, timeout_seconds AS "timeoutSeconds", enabled, version,
         updated_at AS "updatedAt"
    FROM description_model`;

export async function readModelSettings(database: Database): Promise<ModelSettings> {
  const [row] = await query<ModelSettings>(database, SELECT);
  if (row === undefined) throw new Error('The row of the description model is gone');
  return row;
}

/**
 * Changes what is given, and lets work that was stopped or waited begin again: the change may be what it waited for.
 * @throws VersionConflict, ModelUrlRefused, KeyOfOtherAddress, ModelNotConfigured
 */
export async function updateModelSettings(
  database: Database,
  secretKey: Buffer,
  change: ModelChange & { version: number },
): Promise<ModelSettings> {
  const { version, apiKey, ...fields } = change;
  const current = await readModelSettings(database);
  const next = { ...current, ...fields };
  if (fields.url !== undefined) checkUrl(fields.url);
  if (apiKey === undefined && current.hasApiKey && originOf(next.url) !== originOf(current.url))
    throw new KeyOfOtherAddress();
  if (next.enabled && (next.url === null || next.model === null)) throw new ModelNotConfigured();
  const updated = await query(
    database,
    `UPDATE description_model
        SET url = :url, model = :model, language = :language, tokens_per_day = :tokensPerDay,
            requests_per_minute = :requestsPerMinute, concurrency = :concurrency, timeout_seconds = :timeoutSeconds,
            enabled = :enabled,
            api_key = CASE WHEN :keepsKey THEN api_key ELSE :sealed END,
            dialect = CASE WHEN :sameModel THEN dialect ELSE '{}' END,
            stopped_because = NULL, failures_in_a_row = 0, waits_for = NULL, waits_until = NULL, next_request_at = now(),
            version = version + 1, updated_at = now()
      WHERE version = :version
      RETURNING version`,
    {
      version,
      url: next.url,
      model: next.model,
      language: next.language,
      tokensPerDay: next.tokensPerDay,
      requestsPerMinute: next.requestsPerMinute,
      concurrency: next.concurrency,
      timeoutSeconds: next.timeoutSeconds,
      enabled: next.enabled,
      keepsKey: apiKey === undefined,
      sealed: apiKey ? sealSecrets(secretKey, SEALED_FOR, { apiKey }) : null,
      sameModel: next.url === current.url && next.model === current.model,
    },
  );
  const after = await readModelSettings(database);
  if (updated.length === 0) throw new VersionConflict('model', 'settings', after.version);
  return after;
}

/** The settings as whoever asks the model needs them. */
export interface OpenModel extends ModelSettings {
  url: string;
  model: string;
  apiKey: string | null;
  dialect: { format?: 'json_schema' | 'json_object' | 'text'; tokens?: 'max_tokens' | 'max_completion_tokens' };
}

/** Undefined until there is a model to ask. @throws SecretUnavailable */
export async function openModel(database: Database, secretKey: Buffer): Promise<OpenModel | undefined> {
  const settings = await readModelSettings(database);
  const [row] = await query<{ sealed: Buffer | null; dialect: OpenModel['dialect'] }>(
    database,
    'SELECT api_key AS sealed, dialect FROM description_model',
  );
  if (row === undefined || settings.url === null || settings.model === null) return undefined;
  const apiKey = row.sealed === null ? null : openKey(secretKey, row.sealed);
  return { ...settings, url: settings.url, model: settings.model, dialect: row.dialect, apiKey };
}

function openKey(secretKey: Buffer, sealed: Buffer): string | null {
  try {
    return openSecrets(secretKey, SEALED_FOR, sealed)['apiKey'] ?? null;
  } catch (error) {
    if (!(error instanceof SecretUnavailable)) throw error;
    throw new SecretUnavailable(
      'The API key of the model was sealed under another key',
      'Start the workers with the DATAMAP_SECRET_KEY it was sealed under, or enter the API key again; then resume.',
    );
  }
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new ModelUrlRefused('That is no web address');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new ModelUrlRefused('The address of a model may not hold a user, a password or parameters');
}

const originOf = (url: string | null): string | null => (url === null ? null : new URL(url).origin);
