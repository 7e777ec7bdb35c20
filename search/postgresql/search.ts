import { decodeCursor, encodeCursor } from '../cursor.js';
import { highlightsOf } from '../highlight.js';
import type { SearchAnswer, SearchRequest } from '../port.js';
import { withCompletions } from './completions.js';
import { type Counted, countFacets } from './count.js';
import { countReading, type Found, findBest, findNewest, MOST_COUNTED, type Place } from './find.js';
import { findFirst } from './find-first.js';
import { type Shown, shownBy } from './groups.js';
import { isFound, otherReading } from './other-reading.js';
import { columnReadingOf, type QueryWord, type Reading, readingOf, typedWords } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import type { UsualWords } from './usual-words.js';

/** Answers one search. Runs in a transaction, so that total, facets and hits are of one moment. */
export async function answer(
  snapshot: Snapshot,
  tables: Tables,
  request: SearchRequest,
  usual: UsualWords,
): Promise<SearchAnswer> {
  const after =
    request.cursor === undefined
      ? undefined
      : (decodeCursor(request, request.cursor, ['number', 'number', 'string']) as Place);
  const words = typedWords(request.text);
  // Text without a letter or digit finds nothing; only no text at all finds everything.
  if (words.length === 0 && request.text.trim() !== '') return nothing(request);
  const shown = await shownBy(snapshot, tables, request);
  const wanted = { shown, after, limit: request.limit + 1 };

  if (words.length === 0) {
    // Groups are counted as they are written; how long ago something changed is not in them.
    const counted =
      request.facets.length > 0 || (request.filters.updated !== undefined && !request.onlyBest)
        ? await countFacets(snapshot, tables, undefined, request, await seenBy(snapshot, tables, request, shown))
        : { total: shown.documents, facets: {} };
    const found = shown.documents === 0 ? [] : await findNewest(snapshot, tables, wanted);
    return assembled(request, found, counted.total, counted.facets, undefined);
  }

  const seen = await seenBy(snapshot, tables, request, shown);
  const count = async (reading: Reading): Promise<Counted> =>
    request.facets.length === 0
      ? { total: await countReading(snapshot, tables, reading, shown), facets: {} }
      : countFacets(snapshot, tables, reading.all, request, seen);

  if (request.onlyBest) return onlyBest(snapshot, tables, request, words, shown, seen, usual);
  const understand = request.within === 'columns' ? columnReadingOf : readingOf;
  let reading = understand(await withCompletions(snapshot, tables, words), request.text);
  let counted = await count(reading);
  let corrected = false;
  // Filters play no part here, so that narrowing a result never turns into a search for something else.
  if (counted.total === 0 && !(isFiltered(request) && (await isFound(snapshot, tables, reading, seen)))) {
    const other = await otherReading(snapshot, tables, words, request, seen);
    if (other === undefined) return nothing(request);
    ({ reading, corrected } = other);
    counted = await count(reading);
  }
  const { total, facets } = counted;
  const found = total === 0 ? [] : await findBest(snapshot, tables, reading, wanted, total);
  return assembled(request, found, total, facets, { ...reading, corrected });
}

/** What the searcher may see without the filters. */
async function seenBy(snapshot: Snapshot, tables: Tables, request: SearchRequest, shown: Shown): Promise<Shown> {
  return isFiltered(request) ? shownBy(snapshot, tables, { ...request, filters: {} }) : shown;
}

/** The same without any counting: the answer is whatever is found first. */
async function onlyBest(
  snapshot: Snapshot,
  tables: Tables,
  request: SearchRequest,
  words: QueryWord[],
  shown: Shown,
  seen: Shown,
  usual: UsualWords,
): Promise<SearchAnswer> {
  const understand = request.within === 'columns' ? columnReadingOf : readingOf;
  const spelledOut = async () => understand(await withCompletions(snapshot, tables, words), request.text);
  let reading = understand(words, request.text);
  let corrected = false;
  const asked = { tables, shown, limit: request.limit, usual };
  let found = await findFirst(snapshot, reading, spelledOut, asked);
  if (found.length === 0 && !(isFiltered(request) && (await isFound(snapshot, tables, await spelledOut(), seen)))) {
    const other = await otherReading(snapshot, tables, words, request, seen);
    if (other === undefined) return nothing(request);
    ({ reading, corrected } = other);
    const spelled = reading;
    found = await findFirst(snapshot, reading, async () => spelled, asked);
  }
  const { totalIsExact: _, ...answer } = assembled(request, found, found.length, {}, { ...reading, corrected });
  return { ...answer, totalIsExact: found.length < request.limit };
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
      highlights: reading === undefined ? [] : highlightsOf(document, reading.words, request.text, request),
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
