import type { Meilisearch, MultiSearchQuery, MultiSearchResult } from 'meilisearch';
import { InvalidCursor } from '../../catalog/model/cursor.js';
import { decodeCursor, encodeCursor } from '../cursor.js';
import { highlightsOf } from '../highlight.js';
import type { Facet, SearchAnswer, SearchRequest } from '../port.js';
import { queryWordsOf } from '../words.js';
import { computedValues, conditionOf, countedAttribute, decodeLabelled, filterOf, isOneOf } from './facet-values.js';
import { type IndexedDocument, MARKED, spaced } from './indexed-document.js';
import { correction, MARK_END, MARK_START, type Matched, matchedWords, usualCompletion } from './matched-words.js';
import { MOST_COUNTED } from './settings.js';

/** Longer texts are cut: the engine looks at ten words. */
const TEXT_LENGTH = 500;

type Query = { indexUid: string; q: string; attributesToSearchOn?: string[] };
type Result = MultiSearchResult<IndexedDocument>;

/** Answers one search with one request, or a few where not all words are found together. */
export async function answer(client: Meilisearch, uid: string, request: SearchRequest): Promise<SearchAnswer> {
  const offset = request.cursor === undefined ? 0 : decodeOffset(request, request.cursor);
  const text = wellFormed(request.text.slice(0, TEXT_LENGTH)).trim();
  const words = queryWordsOf(text);
  const empty: SearchAnswer = {
    hits: [],
    total: 0,
    totalIsExact: true,
    facets: Object.fromEntries(request.facets.map((facet) => [facet, []])),
  };
  if (words.length === 0 && request.text.trim() !== '') return empty;
  const query = {
    indexUid: uid,
    q: spaced(text),
    ...(request.within === 'columns' ? { attributesToSearchOn: ['column_keys', 'column_words'] } : {}),
  };

  const byGuid = text.includes(':')
    ? await searched(client, [
        { ...pageOf(request, offset, query), q: '', filter: [...filterOf(request), isOneOf('guid', [text])] },
      ])
    : [];
  if ((byGuid[0]?.hits.length ?? 0) > 0) return assembled(request, offset, byGuid as Result[], text);

  const all = await searched(client, queriesOf(request, offset, query, 'all'));
  if (words.length < 2) return assembled(request, offset, all, text);
  if (totalOf(all) > 0 && !isCorrected(all, text)) return assembled(request, offset, all, text);
  if (totalOf(all) > 0) {
    // `cust ord`: the engine prefers words that are spelt alike to words that begin so; people mean the latter.
    const q = await completed(client, uid, request, query.q.split(' '));
    const begun = q === query.q ? [] : await searched(client, queriesOf(request, offset, { ...query, q }, 'all'));
    return assembled(request, offset, totalOf(begun) > 0 && !isCorrected(begun, text) ? begun : all, text);
  }
  // Filters play no part in how words are understood: narrowing a result must not search for something else.
  const [unfiltered] = await searched(client, [
    { ...query, matchingStrategy: 'all', limit: 0, filter: filterOf({ ...request, filters: {} }) },
  ]);
  if ((unfiltered?.estimatedTotalHits ?? 0) > 0) return assembled(request, offset, all, text);
  const q = await completed(client, uid, request, query.q.split(' '));
  const begun = await searched(client, queriesOf(request, offset, { ...query, q }, 'all'));
  if (totalOf(begun) > 0) return assembled(request, offset, begun, text);
  return assembled(request, offset, await searched(client, queriesOf(request, offset, query, 'last')), text);
}

/** The words with all but the last completed: the engine takes the last word alone for a beginning. */
async function completed(client: Meilisearch, uid: string, request: SearchRequest, words: string[]): Promise<string> {
  const results = await searched(
    client,
    words.slice(0, -1).map((word) => ({
      ...pageOf({ ...request, filters: {}, limit: 20 }, 0, { indexUid: uid, q: word }),
      attributesToRetrieve: ['id'],
    })),
  );
  const completions = results.map(({ hits }, at) => usualCompletion(words[at] as string, hits.flatMap(marksOf)));
  return [...completions, words.at(-1)].join(' ');
}

async function searched(client: Meilisearch, queries: MultiSearchQuery[]): Promise<Result[]> {
  const { results } = await client.multiSearch<{ queries: MultiSearchQuery[] }, IndexedDocument>({ queries });
  return results;
}

/**
 * The page; one query for each facet that has a filter of its own, since that is left out of its counts; and one for each
 * value that no attribute holds.
 */
function queriesOf(
  request: SearchRequest,
  offset: number,
  query: Query,
  matchingStrategy: 'all' | 'last',
): MultiSearchQuery[] {
  const free = held(request.facets).filter(({ facet }) => request.filters[facet] === undefined);
  const filtered = held(request.facets).filter(({ facet }) => request.filters[facet] !== undefined);
  return [
    { ...pageOf(request, offset, query), matchingStrategy, facets: free.map(({ attribute }) => attribute) },
    ...filtered.map(({ facet, attribute }) => ({
      ...query,
      matchingStrategy,
      limit: 0,
      filter: filterOf(request, facet),
      facets: [attribute],
    })),
    ...computedValues(request.facets).map(({ facet, value }) => ({
      ...query,
      matchingStrategy,
      limit: 0,
      filter: [...filterOf(request, facet), conditionOf(request, facet, [value])],
    })),
  ];
}

/** The facets that an attribute holds, with it. */
function held(facets: readonly Facet[]): { facet: Facet; attribute: string }[] {
  return facets.flatMap((facet) => {
    const attribute = countedAttribute(facet);
    return attribute === undefined ? [] : [{ facet, attribute }];
  });
}

function pageOf(request: SearchRequest, offset: number, query: Query): MultiSearchQuery {
  return {
    ...query,
    offset,
    limit: request.limit,
    filter: filterOf(request),
    attributesToRetrieve: ['document'],
    attributesToHighlight: [...MARKED],
    highlightPreTag: MARK_START,
    highlightPostTag: MARK_END,
    ...(query.q === '' ? { sort: ['changed_at:desc'] } : {}),
  };
}

function assembled(request: SearchRequest, offset: number, results: Result[], text: string): SearchAnswer {
  const page = results[0];
  if (page === undefined) throw new Error('The search engine answered no result to a query.');
  const total = totalOf(results);
  const hits = page.hits.map((hit) => {
    return { document: hit.document, matched: marksOf(hit) };
  });
  const next = offset + hits.length;
  const correctedTo = correction(
    text,
    hits.flatMap(({ matched }) => matched),
  );
  return {
    hits: hits.map(({ document, matched }) => ({
      document,
      highlights: text === '' ? [] : highlightsOf(document, matched, text, request),
    })),
    total: Math.min(total, MOST_COUNTED),
    totalIsExact: total <= MOST_COUNTED,
    facets: Object.fromEntries(request.facets.map((facet) => [facet, countsOf(results, facet, request.facets)])),
    ...(hits.length === request.limit && next < total ? { nextCursor: encodeCursor(request, [next]) } : {}),
    ...(correctedTo === undefined || hits.length === 0 ? {} : { correctedTo }),
  };
}

/** Whether the best hit was found by another word than was typed. */
function isCorrected(results: Result[], text: string): boolean {
  const best = results[0]?.hits[0];
  return best !== undefined && correction(text, marksOf(best)) !== undefined;
}

/** What the engine marked in a hit. */
function marksOf(hit: Result['hits'][number]): Matched[] {
  return matchedWords(MARKED.flatMap((attribute) => hit._formatted?.[attribute] ?? []));
}

function totalOf(results: Result[]): number {
  return results[0]?.estimatedTotalHits ?? 0;
}

function countsOf(
  results: Result[],
  facet: Facet,
  asked: readonly Facet[],
): { value: string; label?: string; count: number }[] {
  const attribute = countedAttribute(facet);
  if (attribute === undefined) {
    const computed = computedValues(asked);
    const counts = results.slice(-computed.length);
    return (results.length > computed.length ? computed : [])
      .map((one, at) => ({ ...one, count: counts[at]?.estimatedTotalHits ?? 0 }))
      .filter((one) => one.facet === facet && one.count > 0)
      .map(({ value, count }) => ({ value, count }));
  }
  const counts = results
    .map(({ facetDistribution }) => facetDistribution?.[attribute])
    .find((each) => each !== undefined);
  return Object.entries(counts ?? {})
    .map(([encoded, count]) => ({ ...decodeLabelled(encoded), count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

function decodeOffset(request: SearchRequest, cursor: string): number {
  const [offset] = decodeCursor(request, cursor, ['number']);
  if (typeof offset !== 'number' || offset < 0) throw new InvalidCursor();
  return offset;
}

/** Half a surrogate pair is legal in JavaScript and in no JSON that others read. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', ' ');
}
