import { writeType } from '../../catalog/model/columns-text.js';
import { type ReadRow, TYPE_NAMES, type TypeName } from './read-query.js';
import type { Session } from './session.js';

/** First oid that is not PostgreSQL's own. */
const USER_TYPES = 16_384;

/** PostgreSQL's own types met so far in one session, as a column's text has them. They never change their names. */
export class ColumnTypes {
  /** By what `ReadRow.types` holds of a column: a type that refuses NULL is a key of its own. */
  readonly #known = new Map<string, string>();

  constructor(private readonly session: Pick<Session, 'query'>) {}

  /** Asks the server for the types of these rows that were not met before: nearly always none after the first page. */
  async learn(rows: readonly ReadRow[]): Promise<void> {
    const unknown = new Set<string>();
    // Tables are often made from one pattern, or by one program: the same rows of types come again and again.
    const seen = new Set<string>();
    for (const { types } of rows) {
      if (types === null || seen.has(types)) continue;
      seen.add(types);
      for (const key of types.split(',')) if (!this.#known.has(key) && isBuiltIn(key)) unknown.add(key);
    }
    if (unknown.size === 0) return;
    const keys = [...unknown];
    const parts = keys.map((key) => key.split(' '));
    const names = await this.session.query<TypeName>(TYPE_NAMES, [
      parts.map(([oid]) => oid),
      parts.map(([, modifier]) => modifier),
    ]);
    for (const [index, key] of keys.entries()) {
      const found = names[index];
      if (found === undefined) continue;
      const { name: type, base } = found;
      this.#known.set(key, writeType({ type, baseType: base ?? undefined, nullable: !refusesNull(key) }));
    }
  }

  /** The type and nullability of a column. Nameless for a user's type, and for one that `learn` was not shown. */
  get(key: string): string {
    return this.#known.get(key) ?? writeType({ type: '', nullable: !refusesNull(key) });
  }
}

/** Whether a column with this entry in `ReadRow.types` refuses NULL by itself. */
export const refusesNull = (key: string): boolean => key.endsWith('!');

const isBuiltIn = (key: string): boolean => Number(key.slice(0, key.indexOf(' '))) < USER_TYPES;
