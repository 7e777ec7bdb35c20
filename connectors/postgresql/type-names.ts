import { type ReadRow, TYPE_NAMES, type TypeName } from './read-query.js';
import { numbersOf } from './server-arrays.js';
import type { Session } from './session.js';

/** First oid that is not PostgreSQL's own. */
const USER_TYPES = 16_384;

/** PostgreSQL's own types met so far in one session, by oid and modifier. They never change their names. */
export class TypeNames {
  readonly #known = new Map<string, TypeName>();

  constructor(private readonly session: Pick<Session, 'query'>) {}

  /** Asks the server for the types of these rows that were not met before: nearly always none after the first page. */
  async learn(rows: readonly ReadRow[]): Promise<void> {
    const unknown = new Map<string, [oid: string, modifier: string]>();
    // Tables are often made from one pattern, or by one program: the same rows of types come again and again.
    const seen = new Set<string>();
    for (const { type_oids: oids, type_modifiers: modifiers } of rows) {
      const pattern = `${oids} ${modifiers}`;
      if (oids === null || seen.has(pattern)) continue;
      seen.add(pattern);
      const modifierOf = numbersOf(modifiers);
      for (const [index, oid] of numbersOf(oids).entries()) {
        if (Number(oid) >= USER_TYPES) continue;
        const modifier = modifierOf[index] ?? '-1';
        const key = keyOf(oid, modifier);
        if (!this.#known.has(key)) unknown.set(key, [oid, modifier]);
      }
    }
    if (unknown.size === 0) return;
    const types = [...unknown.values()];
    const names = await this.session.query<TypeName>(TYPE_NAMES, [
      types.map(([oid]) => oid),
      types.map(([, modifier]) => modifier),
    ]);
    for (const [index, key] of [...unknown.keys()].entries()) {
      const name = names[index];
      if (name !== undefined) this.#known.set(key, name);
    }
  }

  /** Undefined for a user's type, and for one that `learn` was not shown. */
  get(oid: string, modifier: string): TypeName | undefined {
    return this.#known.get(keyOf(oid, modifier));
  }
}

const keyOf = (oid: string, modifier: string): string => `${oid} ${modifier}`;
