import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Layout } from '../data-directory.js';
import { CliError } from '../errors.js';
import { readJson, writePrivateFile, writePrivateJson } from '../private-file.js';

/** Passwords of the embedded PostgreSQL: its owner's, the catalog's, and the one that reads the sample. */
export interface Passwords {
  owner: string;
  catalog: string;
  sampleReader: string;
}

/**
 * The key that seals data sources' credentials, as text for DATAMAP_SECRET_KEY: the one of the environment, or the one
 * made at the first start.
 */
export function secretKeyOf(layout: Layout): string {
  const given = process.env['DATAMAP_SECRET_KEY'];
  if (given !== undefined && given !== '') return given;
  if (!existsSync(layout.secretKey)) writePrivateFile(layout.secretKey, `${randomBytes(32).toString('base64')}\n`);
  const key = readFileSync(layout.secretKey, 'utf8').trim();
  if (Buffer.from(key, 'base64').length === 32) return key;
  throw new CliError(
    'BAD_SECRET_KEY',
    `${layout.secretKey} does not hold a key of 32 bytes in base64.`,
    'Put the file back from a backup: without the key, stored credentials of data sources cannot be read.',
  );
}

/** The key of the embedded Meilisearch, made when there is none. */
export function meilisearchKeyOf(layout: Layout): string {
  if (!existsSync(layout.meilisearchKey))
    writePrivateFile(layout.meilisearchKey, `${randomBytes(24).toString('base64url')}\n`);
  return readFileSync(layout.meilisearchKey, 'utf8').trim();
}

/**
 * @param cluster where PostgreSQL keeps its data
 * @throws CliError PASSWORDS_LOST when a cluster is there and its passwords are not
 */
export function passwordsOf(layout: Layout, cluster: string): Passwords {
  const kept = readJson<Passwords>(layout.passwords);
  if (kept !== undefined) return kept;
  if (existsSync(cluster))
    throw new CliError(
      'PASSWORDS_LOST',
      `${layout.passwords} is missing, so nobody can sign in to the PostgreSQL in ${cluster}.`,
      `Put the file back from a backup, or start anew with another --data-dir.`,
    );
  const fresh = () => randomBytes(24).toString('base64url');
  const passwords = { owner: fresh(), catalog: fresh(), sampleReader: fresh() };
  writePrivateJson(layout.passwords, passwords);
  return passwords;
}
