import { classArms, findArms } from './arms.js';
import type { Found } from './find.js';
import type { Shown } from './groups.js';
import type { Reading } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

interface Wanted {
  shown: Shown;
  limit: number;
  /** From which standings on documents have indexes of words of their own (best-documents.ts). */
  best: readonly string[];
}

/**
 * The first hits of a reading, in the order of findBest, without counting what matches. Of each class the best documents are
 * asked first, and all only where those do not fill the page; classes after it is full are not looked for.
 */
export async function findPage(
  snapshot: Snapshot,
  tables: Tables,
  reading: Reading,
  { limit, ...among }: Wanted,
): Promise<Found[]> {
  const arms = reading.classes.flatMap((each) => classArms(tables, each, among));
  return findArms(snapshot, { tables, limit }, arms, []);
}
