import type { Shown } from './groups.js';
import { CLASSES, type Reading } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** What somebody sees of an index. */
export interface Seen {
  snapshot: Snapshot;
  tables: Tables;
  /** What the searcher may see. */
  shown: Shown;
}

/** Whether the searcher sees a document that any of some queries matches. */
export async function isAnyVisible({ snapshot, tables, shown }: Seen, queries: readonly string[]): Promise<boolean> {
  const { rows } = await snapshot.raw<{ rows: { found: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM ${tables.document} WHERE words @@ ?::tsquery ${shown.condition}) AS found`,
    [queries.map((query) => `(${query})`).join(' | '), ...shown.bindings],
  );
  return rows[0]?.found ?? false;
}

/** The first of several readings with something to show. */
export async function firstFound(
  snapshot: Snapshot,
  tables: Tables,
  readings: readonly Reading[],
  shown: Shown,
): Promise<number | undefined> {
  // Its names alone are looked at before: often they tell, and are a tenth of what stands in columns and texts.
  const names = readings[0]?.classes.find(({ rank }) => CLASSES[rank] === 'name');
  if (names !== undefined && (await isAnyVisible({ snapshot, tables, shown }, [names.query]))) return 0;
  // The likeliest is asked for alone: older servers answer all of a list before they sort it.
  for (const [from, to] of [
    [0, 1],
    [1, readings.length],
  ] as const) {
    const asked = readings.slice(from, to);
    if (asked.length === 0) return undefined;
    const { rows } = await snapshot.raw<{ rows: { at: number }[] }>(
      `SELECT (r.at - 1)::integer AS at
       FROM unnest(?::text[]) WITH ORDINALITY AS r (query, at)
       WHERE EXISTS (SELECT FROM ${tables.document} WHERE words @@ r.query::tsquery ${shown.condition})
       ORDER BY r.at LIMIT 1`,
      [asked.map(({ all }) => all), ...shown.bindings],
    );
    if (rows[0] !== undefined) return from + rows[0].at;
  }
  return undefined;
}
