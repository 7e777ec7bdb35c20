import type { Knex } from 'knex';
import type { Database } from './database.js';

type Bindings = Knex.ValueDict | readonly Knex.RawBinding[];

/**
 * Runs one statement and returns its rows. Bindings are named (`:name`) or positional (`?`); leave none undefined, and
 * name none like a type, because knex would replace the cast too.
 */
export async function query<Row>(database: Database, sql: string, bindings: Bindings = []): Promise<Row[]> {
  const { rows } = await database.raw<{ rows: Row[] }>(sql, bindings as Knex.ValueDict);
  return rows;
}

/** What a connection knows each statement as. There are as many as texts in the code, for no value stands in one. */
const names = new Map<string, string>();

/**
 * The same, for what is asked all the time: a connection is sent the text once and keeps its plan, which of a short statement
 * is most of the work. Not for one whose best plan depends on the values.
 */
export async function prepared<Row>(database: Database, sql: string, bindings: Bindings = []): Promise<Row[]> {
  const statement = database.raw<{ rows: Row[] }>(sql, bindings as Knex.ValueDict);
  // The text as it is sent: a condition among the bindings is part of it.
  const text = statement.toSQL().sql;
  const name = names.get(text) ?? `datamap_${names.size + 1}`;
  names.set(text, name);
  const { rows } = await statement.options({ name });
  return rows;
}
