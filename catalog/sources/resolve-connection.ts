import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';

import { openSecrets } from './seal-secrets.js';
import { type ReferencePolicy, referencePolicy, resolveReference } from './secret-references.js';

/** A connection with its credentials in clear. Lives in a worker's memory only: never logged, stored or sent on. */
export interface ResolvedConnection {
  type: string;
  instance: string;
  config: { host: string; port: number; [field: string]: unknown };
  secrets: Record<string, string>;
  /** Of the data source, to tell later whether it changed. */
  version: number;
}

/**
 * Opens a data source's credentials and follows its references, on the worker that is about to connect.
 * @throws NotFound; SecretUnavailable, which names the reference or the key's trouble and never a content
 */
export async function resolveConnection(
  database: Database,
  secretKey: Buffer,
  dataSourceId: string,
  policy: ReferencePolicy = referencePolicy(),
): Promise<ResolvedConnection> {
  const [source] = await query<
    Omit<ResolvedConnection, 'secrets'> & { sealed: Buffer | null; refs: Record<string, string> }
  >(
    database,
    `SELECT type, instance, config, version, secret_sealed AS sealed, secret_refs AS refs
       FROM data_source
      WHERE id = ?`,
    [dataSourceId],
  );
  if (source === undefined) throw new NotFound('data source', dataSourceId);
  const { sealed, refs, ...connection } = source;
  const references = await Promise.all(
    Object.entries(refs).map(async ([name, reference]) => [name, await resolveReference(reference, policy)] as const),
  );
  const opened = sealed === null ? {} : openSecrets(secretKey, dataSourceId, sealed);
  return { ...connection, secrets: { ...opened, ...Object.fromEntries(references) } };
}
