import { isDeepStrictEqual } from 'node:util';
import type { Settings } from 'meilisearch';
import { FACETS } from '../port.js';
import { countedAttribute } from './facet-values.js';
import { SEARCHED } from './indexed-document.js';

/** Totals are exact up to here, as with PostgreSQL; one more tells that there are more. */
export const MOST_COUNTED = 10_000;

/** How the engine indexes. Typos are allowed as with PostgreSQL: one from four letters, two from eight. */
export const SETTINGS: Settings = {
  searchableAttributes: [...SEARCHED],
  filterableAttributes: [
    'visible_to',
    'guid',
    'changed_at',
    ...new Set(
      FACETS.flatMap((facet) => {
        const counted = countedAttribute(facet);
        return counted === undefined ? [] : [`filter_${facet}`, counted];
      }),
    ),
  ],
  sortableAttributes: ['changed_at'],
  rankingRules: [
    'sort',
    'words',
    'typo',
    'attribute',
    'exactness',
    'proximity',
    'kind_rank:desc',
    'popularity_rank:desc',
    'name_length:asc',
    'changed_at:desc',
  ],
  typoTolerance: {
    enabled: true,
    disableOnNumbers: true,
    minWordSizeForTypos: { oneTypo: 4, twoTypos: 8 },
    disableOnAttributes: ['name_key', 'column_keys'],
  },
  faceting: { maxValuesPerFacet: 100, sortFacetValuesBy: { '*': 'count' } },
  pagination: { maxTotalHits: MOST_COUNTED + 1 },
};

/** What the engine keeps in an order of its own. */
const SETS = new Set(['filterableAttributes', 'sortableAttributes', 'disableOnAttributes']);

/**
 * Which of {@link SETTINGS} an index does not have. Told what it has already, the engine goes through all documents once
 * more: minutes of both processors at a million.
 * @param current as the engine says; it has more than we set
 */
export function settingsToChange(current: Settings): Settings {
  return Object.fromEntries(
    Object.entries(SETTINGS).filter(([name, wanted]) => !isSet(name, wanted, current[name as keyof Settings])),
  );
}

function isSet(name: string, wanted: unknown, current: unknown): boolean {
  if (Array.isArray(wanted) && Array.isArray(current))
    return SETS.has(name)
      ? isDeepStrictEqual([...wanted].sort(), [...current].sort())
      : isDeepStrictEqual(wanted, current);
  if (typeof wanted !== 'object' || wanted === null || typeof current !== 'object' || current === null)
    return wanted === current;
  return Object.entries(wanted).every(([inner, value]) =>
    isSet(inner, value, (current as Record<string, unknown>)[inner]),
  );
}
