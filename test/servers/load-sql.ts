import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import pg from 'pg';

/** Where the public sample schemas are; they are not part of the project. */
const SCHEMAS = process.env.DATAMAP_TEST_SCHEMAS ?? resolve('../shared/data');

/** Path of a sample schema, or undefined where there is none, which is said out loud and is an error in CI. */
export function sampleSchema(file: string): string | undefined {
  const path = join(SCHEMAS, file);
  if (existsSync(path)) return path;
  const message = `NOT TESTED with ${file}, because it is not in ${SCHEMAS}; DATAMAP_TEST_SCHEMAS names its folder`;
  if (process.env.CI === 'true') throw new Error(message);
  console.warn(`\n*** ${message}\n`);
  return undefined;
}

/** Runs a script written for psql in a PostgreSQL database; psql's own commands (`\connect`, `\copy`) are left out. */
export async function loadSql(url: string, path: string): Promise<void> {
  const statements = readFileSync(path, 'utf8').replaceAll(/^\s*\\.*$/gm, '');
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(ROLE_POSTGRES);
    await client.query(statements);
  } finally {
    await client.end();
  }
}

/** Dumps name the owner `postgres`; two test files can load one at once. */
const ROLE_POSTGRES = `DO $$ BEGIN CREATE ROLE postgres; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`;
