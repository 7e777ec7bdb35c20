import type { Knex } from 'knex';
import type { Database } from './database.js';

/**
 * Runs one statement and returns its rows. Bindings are named (`:name`) or positional (`?`); leave none undefined, and
 * name none like a type, because knex would replace the cast too.
 */
export async function query<Row>(
  database: Database,
  sql: string,
  bindings: Knex.ValueDict | readonly Knex.RawBinding[] = [],
): Promise<Row[]> {
  const { rows } = await database.raw<{ rows: Row[] }>(sql, bindings as Knex.ValueDict);
  return rows;
}
