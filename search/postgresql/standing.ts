import { popularityRank, type SearchDocument } from '../port.js';

const KINDS: Record<SearchDocument['kind'], number> = { table: 3, schema: 2, database: 1 };
const POPULARITIES = 16;
const LONGEST_NAME = 127;
const SECONDS = 2 ** 35;

/**
 * The order of equally good matches, as one number that an index can sort by: tables before schemas before databases,
 * what is opened more, the shorter name, then what changed last. Below 2^49, so exact in JavaScript too.
 */
export function standingOf(document: SearchDocument): number {
  const brevity = LONGEST_NAME - Math.min([...document.name].length, LONGEST_NAME);
  const seconds = Math.min(Math.max(Math.floor(document.changedAt / 1000), 0), SECONDS - 1);
  const rank = KINDS[document.kind] * POPULARITIES + popularityRank(document);
  return (rank * (LONGEST_NAME + 1) + brevity) * SECONDS + seconds;
}
