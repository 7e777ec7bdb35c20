/**
 * The bounds of a crawler or a database: removals past both of them are held, since then it is more likely that
 * something hid the tables than that somebody dropped them.
 */
export interface Bounds {
  /** Of the tables on the map, from 0 to 1. */
  share: number;
  tables: number;
}

/** What holds where nobody chose otherwise. */
export const DEFAULT_BOUNDS: Bounds = { share: 0.3, tables: 10 };

export function isPast({ share, tables }: Bounds, removed: number, of: number): boolean {
  return removed > tables && removed > share * of;
}
