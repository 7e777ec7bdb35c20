import type { SearchHit, Segment } from './port.js';

/** A column that was found, as itself. */
export interface FoundField {
  name: string;
  /** Its place in the table, from 1. */
  ordinal: number;
  /** What the source says of it. */
  comment: string | null;
  segments: Segment[];
}

/**
 * The columns of a hit that matched, best first, at most as many as are highlighted. Columns have no documents of their
 * own: with twenty to a table they would be twenty times the index, and say again what the table's document says.
 */
export function fieldsOf({ document, highlights }: SearchHit): FoundField[] {
  return highlights
    .filter(({ field }) => field === 'column')
    .flatMap(({ segments }) => {
      const text = segments.map((segment) => segment.text).join('');
      // A column found by its comment is led by its name.
      const at = document.columnNames.findIndex((name) => text === name || text.startsWith(`${name}: `));
      if (at < 0) return [];
      const name = document.columnNames[at] as string;
      return [{ name, ordinal: at + 1, comment: document.columnComments[at] || null, segments }];
    });
}
