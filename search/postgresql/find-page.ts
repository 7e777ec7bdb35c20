import type { Found } from './find.js';
import { type Arm, findArms } from './find-first.js';
import type { Shown } from './groups.js';
import type { Reading, ReadingClass } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

interface Wanted {
  shown: Shown;
  limit: number;
  /** From which standing on documents have an index of words of their own (best-documents.ts). */
  best: string | undefined;
}

/**
 * The first hits of a reading, in the order of findBest, without counting what matches. Of each class the best documents are
 * asked first, and all only where those do not fill the page; classes after it is full are not looked for.
 */
export async function findPage(
  snapshot: Snapshot,
  tables: Tables,
  reading: Reading,
  { shown, limit, best }: Wanted,
): Promise<Found[]> {
  const arms = reading.classes.flatMap((each) => [
    ...(best === undefined ? [] : [classArm(tables, each, shown, `AND standing >= ${best}`)]),
    classArm(tables, each, shown, ''),
  ]);
  return findArms(snapshot, { tables, limit }, arms, []);
}

function classArm(tables: Tables, { rank, parts }: ReadingClass, shown: Shown, among: string): Arm {
  return {
    rank,
    sql: `SELECT id, standing
          FROM ${tables.document}
          WHERE ${parts.map(() => 'words @@ (SELECT ?::tsquery)').join(' AND ')} ${among} ${shown.condition}`,
    bindings: [...parts, ...shown.bindings],
  };
}
