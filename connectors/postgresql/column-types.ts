import { writeType } from '../../catalog/model/columns-text.js';
import { type ReadRow, TYPE_NAMES, type TypeName } from './read-query.js';
import type { Session } from './session.js';

/** First oid that is not PostgreSQL's own. */
const USER_TYPES = 16_384;
/** How many modifiers a type has room for in `ReadRow.types`, from -1 on. */
const MODIFIERS = 2 ** 31;
/** Beyond this, tables are as good as never made from one pattern, and of 1,600 columns each is 16 KB. */
const MOST_PATTERNS = 500;

/** PostgreSQL's own types met so far in one session, as a column's text has them. They never change their names. */
export class ColumnTypes {
  /** By what `ReadRow.types` holds of a column: a type that refuses NULL is a key of its own. */
  readonly #known = new Map<string, string>();
  /** What `ReadRow.types` holds of a whole row, where all of it is known: tables are often made from one pattern. */
  readonly #knownRows = new Set<string>();

  constructor(private readonly session: Pick<Session, 'query'>) {}

  /** Whether `get` has the types of this row. */
  knows({ types }: Pick<ReadRow, 'types'>): boolean {
    if (types === null || this.#knownRows.has(types)) return true;
    if (!types.split(',').every((key) => this.#known.has(key) || !isBuiltIn(key))) return false;
    if (this.#knownRows.size < MOST_PATTERNS) this.#knownRows.add(types);
    return true;
  }

  /** Asks the server for the types of these rows that were not met before: nearly always none after the first page. */
  async learn(rows: readonly ReadRow[]): Promise<void> {
    const unknown = new Set<string>();
    for (const types of new Set(rows.map((row) => row.types))) {
      if (types === null) continue;
      for (const key of types.split(',')) if (!this.#known.has(key) && isBuiltIn(key)) unknown.add(key);
    }
    if (unknown.size === 0) return;
    const keys = [...unknown];
    const names = await this.session.query<TypeName>(TYPE_NAMES, [keys.map(oidOf), keys.map(modifierOf)]);
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
export const refusesNull = (key: string): boolean => key.startsWith('-');

/** Numbers are exact to 2^53: more than any type of PostgreSQL's own takes. */
const typeOf = (key: string): number => Math.abs(Number(key)) + 1;
const oidOf = (key: string): number => Math.floor(typeOf(key) / MODIFIERS);
const modifierOf = (key: string): number => (typeOf(key) % MODIFIERS) - 1;
const isBuiltIn = (key: string): boolean => oidOf(key) < USER_TYPES;
