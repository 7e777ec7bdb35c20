import type { Database } from '../../db/database.js';
import { partsOf } from '../compounds.js';
import { decodeCursor, encodeCursor } from '../cursor.js';
import { highlightsOf } from '../highlight.js';
import type { SearchAnswer, SearchRequest } from '../port.js';
import { withCompletions } from './completions.js';
import { correctedReading, firstFound } from './correct.js';
import { type Counted, countFacets } from './count.js';
import { countReading, type Found, findBest, findNewest, MOST_COUNTED, type Place } from './find.js';
import { type Shown, shownBy } from './groups.js';
import {
  columnReadingOf,
  looseReadingOf,
  mayBePrefix,
  type QueryWord,
  type Reading,
  readingOf,
  typedWords,
} from './reading.js';
import type { Tables } from './tables.js';

/** Answers one search. Runs in a transaction, so that total, facets and hits are of one moment. */
export async function answer(database: Database, tables: Tables, request: SearchRequest): Promise<SearchAnswer> {
  const after =
    request.cursor === undefined
      ? undefined
      : (decodeCursor(request, request.cursor, ['number', 'number', 'string']) as Place);
  const words = typedWords(request.text);
  // Text without a letter or digit finds nothing; only no text at all finds everything.
  if (words.length === 0 && request.text.trim() !== '') return nothing(request);
  const shown = await shownBy(database, tables, request);
  const wanted = { shown, after, limit: request.limit + 1 };

  if (words.length === 0) {
    const facets =
      request.facets.length === 0 ? {} : (await countFacets(database, tables, undefined, request, shown)).facets;
    const found = shown.documents === 0 ? [] : await findNewest(database, tables, wanted);
    return assembled(request, found, shown.documents, facets, undefined);
  }

  const seen = isFiltered(request) ? await shownBy(database, tables, { ...request, filters: {} }) : shown;
  const count = async (reading: Reading): Promise<Counted> =>
    request.facets.length === 0
      ? { total: await countReading(database, tables, reading, shown), facets: {} }
      : countFacets(database, tables, reading.all, request, seen);

  const understand = request.within === 'columns' ? columnReadingOf : readingOf;
  let reading = understand(await withCompletions(database, tables, words), request.text);
  let counted = await count(reading);
  let corrected = false;
  // Filters play no part here, so that narrowing a result never turns into a search for something else.
  if (counted.total === 0 && !(isFiltered(request) && (await isFound(database, tables, reading, seen)))) {
    const other = await otherReading(database, tables, words, request, seen);
    if (other === undefined) return nothing(request);
    ({ reading, corrected } = other);
    counted = await count(reading);
  }
  const { total, facets } = counted;
  const found = total === 0 ? [] : await findBest(database, tables, reading, wanted, total);
  return assembled(request, found, total, facets, { ...reading, corrected });
}

/**
 * Another way to understand words with which nothing is found that the searcher may see: each as a beginning; those
 * written together taken apart; misspelt ones corrected; ever fewer of them.
 */
async function otherReading(
  database: Database,
  tables: Tables,
  words: QueryWord[],
  { text, within }: Pick<SearchRequest, 'text' | 'within'>,
  seen: Shown,
): Promise<{ reading: Reading; corrected: boolean } | undefined> {
  const understand = within === 'columns' ? columnReadingOf : readingOf;
  const begun = words.map(({ word }) => ({ word, prefix: mayBePrefix(word) }));
  if (words.length > 1) {
    const reading = understand(await withCompletions(database, tables, begun), text);
    if (await isFound(database, tables, reading, seen)) return { reading, corrected: false };
  }
  const parts = words.flatMap((each) =>
    (partsOf(each.word) ?? [each.word]).map((word) => ({ word, prefix: each.prefix && word === each.word })),
  );
  if (parts.length > words.length) {
    const reading = understand(parts);
    if (await isFound(database, tables, reading, seen)) return { reading, corrected: false };
  }
  const corrected = await correctedReading(database, tables, words, seen);
  if (within === 'columns') {
    // Some words of a column's name say less than they would of a table: all, or nothing.
    const reading = corrected === undefined ? undefined : columnReadingOf(corrected.words);
    const found = reading !== undefined && (await isFound(database, tables, reading, seen));
    return found ? { reading, corrected: true } : undefined;
  }
  if (corrected !== undefined) return { reading: corrected, corrected: true };
  const loose = Array.from({ length: words.length - 1 }, (_, fewer) => words.length - 1 - fewer)
    // Of many words the subsets of middling size are too many; any one word is where these end up.
    .filter((size) => words.length <= 6 || size === words.length - 1 || size === 1)
    .map((size) => looseReadingOf(words, size));
  const found = loose.length === 0 ? undefined : await firstFound(database, tables, loose, seen);
  return found === undefined ? undefined : { reading: loose[found] as Reading, corrected: false };
}

async function isFound(database: Database, tables: Tables, reading: Reading, seen: Shown): Promise<boolean> {
  return (await firstFound(database, tables, [reading], seen)) !== undefined;
}

function isFiltered({ filters }: SearchRequest): boolean {
  return Object.values(filters).some((values) => values !== undefined);
}

function assembled(
  request: SearchRequest,
  found: Found[],
  total: number,
  facets: SearchAnswer['facets'],
  reading: (Reading & { corrected: boolean }) | undefined,
): SearchAnswer {
  const page = found.slice(0, request.limit);
  const last = page.at(-1);
  return {
    hits: page.map(({ document }) => ({
      document,
      highlights: reading === undefined ? [] : highlightsOf(document, reading.words, request.text),
    })),
    total: Math.min(total, MOST_COUNTED),
    totalIsExact: total <= MOST_COUNTED,
    facets,
    ...(found.length > page.length && last !== undefined ? { nextCursor: encodeCursor(request, last.place) } : {}),
    ...(reading?.corrected && page.length > 0 ? { correctedTo: reading.words.map(({ word }) => word).join(' ') } : {}),
  };
}

function nothing({ facets }: SearchRequest): SearchAnswer {
  return { hits: [], total: 0, totalIsExact: true, facets: Object.fromEntries(facets.map((facet) => [facet, []])) };
}
