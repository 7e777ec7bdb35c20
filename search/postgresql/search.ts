import { decodeCursor, encodeCursor } from '../cursor.js';
import { highlightsOf } from '../highlight.js';
import type { SearchAnswer, SearchRequest } from '../port.js';
import type { BestDocuments } from './best-documents.js';
import { withCompletions } from './completions.js';
import { countFacets } from './count.js';
import { countReading, type Found, findBest, findNewest, MOST_COUNTED, type Place } from './find.js';
import { findFirst } from './find-first.js';
import { findPage } from './find-page.js';
import { isShort, type Shown, shownBy } from './groups.js';
import { isFound, otherReading } from './other-reading.js';
import { columnReadingOf, type QueryWord, type Reading, readingOf, typedWords } from './reading.js';
import type { SeenCounts } from './seen-counts.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import type { UsualLexemes } from './usual-lexemes.js';
import type { UsualWords } from './usual-words.js';

/** Who may see more documents than this is told that there are more hits than a page, and not how many, where they ask for hits alone. */
export const MOST_SEEN_AND_COUNTED = 50_000;

/** What is known of an index from earlier searches; it chooses between ways to the same answer. */
export interface Known {
  usual: UsualWords;
  best: BestDocuments;
  counts: SeenCounts;
  lexemes: UsualLexemes;
}

/**
 * Answers one search. Its statements see the index at one moment where total, facets and hits have to agree, and where a long
 * list of what may be seen is turned into what may not. Whoever types, or sees hits alone, needs none.
 */
export async function answer(
  snapshot: Snapshot,
  tables: Tables,
  request: SearchRequest,
  known: Known,
): Promise<SearchAnswer> {
  const after =
    request.cursor === undefined
      ? undefined
      : (decodeCursor(request, request.cursor, ['number', 'number', 'string']) as Place);
  const words = typedWords(request.text);
  // Text without a letter or digit finds nothing; only no text at all finds everything.
  if (words.length === 0 && request.text.trim() !== '') return nothing(request);
  if (words.length === 0 || !isShort(request.visibleTo)) await snapshot.hold();
  const shown = await shownBy(snapshot, tables, request, words.length > 0 ? known.counts : undefined);
  const wanted = { shown, after, limit: request.limit + 1 };

  if (words.length === 0) {
    // Groups are counted as they are written; how long ago something changed is not in them.
    const counted =
      request.facets.length > 0 || (request.filters.updated !== undefined && !request.onlyBest)
        ? await countFacets(snapshot, tables, undefined, request, await seenBy(snapshot, tables, request, shown))
        : { total: shown.documents, facets: {} };
    const found = shown.documents === 0 ? [] : await findNewest(snapshot, tables, wanted);
    return assembled(request, { found, ...counted }, undefined);
  }

  const seen = await seenBy(snapshot, tables, request, shown);
  const isMany = after === undefined && shown.documents > MOST_SEEN_AND_COUNTED;
  const shareOf = await known.lexemes.shareOf(snapshot, tables);
  const look = remembering(async (reading: Reading): Promise<Looked> => {
    const page = async () =>
      findPage(snapshot, tables, reading, { ...wanted, best: await known.best.from(snapshot, tables), shareOf });
    if (request.facets.length > 0) {
      await snapshot.hold();
      const { total, facets } = await countFacets(snapshot, tables, { ...reading, shareOf }, request, seen);
      if (total === 0) return { found: [], total, facets };
      return {
        found: isMany ? await page() : await findBest(snapshot, tables, reading, wanted, total),
        total,
        facets,
      };
    }
    if (isMany && request.counted !== true) return { found: await page(), facets: {} };
    await snapshot.hold();
    const total = await countReading(snapshot, tables, reading, shown);
    return { found: total === 0 ? [] : await findBest(snapshot, tables, reading, wanted, total), total, facets: {} };
  });

  if (request.onlyBest) return onlyBest(snapshot, tables, request, words, shown, seen, known);
  const understand = request.within === 'columns' ? columnReadingOf : readingOf;
  let reading = understand(await withCompletions(snapshot, tables, words), request.text);
  let looked = await look(reading);
  let corrected = false;
  // Filters play no part here, so that narrowing a result never turns into a search for something else.
  const isSeen = async (each: Reading) =>
    isFiltered(request) ? isFound(snapshot, tables, each, seen) : !isNothing(await look(each));
  if (isNothing(looked) && !(isFiltered(request) && (await isSeen(reading)))) {
    const other = await otherReading(snapshot, tables, words, request, { seen, isFound: isSeen });
    if (other === undefined) return nothing(request);
    ({ reading, corrected } = other);
    looked = await look(reading);
  }
  return assembled(request, looked, { ...reading, corrected });
}

/** Keeps what was found last: the reading with which something is found is the one that is shown. */
function remembering<T>(look: (reading: Reading) => Promise<T>): (reading: Reading) => Promise<T> {
  let last: { reading: Reading; looked: T } | undefined;
  return async (reading) => {
    if (last?.reading !== reading) last = { reading, looked: await look(reading) };
    return last.looked;
  };
}

/** One hit more than was asked for, where there is one; and how many there are in all, where they were counted. */
interface Looked {
  found: Found[];
  total?: number;
  facets: SearchAnswer['facets'];
}

/** Nothing may be left on a later page, of something. */
function isNothing({ found, total = found.length }: Looked): boolean {
  return total === 0;
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
  known: Known,
): Promise<SearchAnswer> {
  const understand = request.within === 'columns' ? columnReadingOf : readingOf;
  const typed = understand(words, request.text);
  const spelledOut = async () => understand(await withCompletions(snapshot, tables, words), request.text);
  const best = await known.best.from(snapshot, tables);
  const shareOf = await known.lexemes.shareOf(snapshot, tables);
  const asked = { tables, shown, limit: request.limit, usual: known.usual, best, shareOf };
  const look = remembering((each) => findFirst(snapshot, each, each === typed ? spelledOut : async () => each, asked));
  const isSeen = async (each: Reading) =>
    isFiltered(request) ? isFound(snapshot, tables, each, seen) : (await look(each)).length > 0;
  let reading = typed;
  let corrected = false;
  let found = await look(reading);
  if (found.length === 0 && !(isFiltered(request) && (await isSeen(await spelledOut())))) {
    const other = await otherReading(snapshot, tables, words, request, { seen, isFound: isSeen });
    if (other === undefined) return nothing(request);
    ({ reading, corrected } = other);
    found = await look(reading);
  }
  const { totalIsExact: _, ...answer } = assembled(request, { found, facets: {} }, { ...reading, corrected });
  return { ...answer, totalIsExact: found.length < request.limit };
}

function isFiltered({ filters }: SearchRequest): boolean {
  return Object.values(filters).some((values) => values !== undefined);
}

function assembled(
  request: SearchRequest,
  { found, total, facets }: Looked,
  reading: (Reading & { corrected: boolean }) | undefined,
): SearchAnswer {
  const page = found.slice(0, request.limit);
  const last = page.at(-1);
  const marking = { ...request, known: new Map() };
  return {
    hits: page.map(({ document }) => ({
      document,
      highlights: reading === undefined ? [] : highlightsOf(document, reading.words, request.text, marking),
    })),
    total: Math.min(total ?? page.length, MOST_COUNTED),
    totalIsExact: total === undefined ? found.length <= page.length : total <= MOST_COUNTED,
    facets,
    ...(found.length > page.length && last !== undefined ? { nextCursor: encodeCursor(request, last.place) } : {}),
    ...(reading?.corrected && page.length > 0 ? { correctedTo: reading.words.map(({ word }) => word).join(' ') } : {}),
  };
}

function nothing({ facets }: SearchRequest): SearchAnswer {
  return { hits: [], total: 0, totalIsExact: true, facets: Object.fromEntries(facets.map((facet) => [facet, []])) };
}
