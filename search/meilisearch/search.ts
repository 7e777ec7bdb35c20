import type { Meilisearch, MultiSearchQuery, MultiSearchResult } from 'meilisearch';
import { BadCursor, decodeCursor, encodeCursor } from '../cursor.js';
import { highlightsOf } from '../highlight.js';
import type { Facet, SearchAnswer, SearchRequest } from '../port.js';
import { queryWordsOf } from '../words.js';
import { countedAttribute, decodeLabelled, filterOf, isOneOf } from './facet-values.js';
import { type IndexedDocument, MARKED } from './indexed-document.js';
import { correction, MARK_END, MARK_START, matchedWords } from './matched-words.js';
import { MOST_COUNTED } from './settings.js';

/** Longer texts are cut: the engine looks at ten words. */
const TEXT_LENGTH = 500;

type Result = MultiSearchResult<IndexedDocument>;

/** Answers one search with one request, or two where not all words are found together. */
export async function answer(client: Meilisearch, uid: string, request: SearchRequest): Promise<SearchAnswer> {
  const offset = request.cursor === undefined ? 0 : decodeOffset(request, request.cursor);
  const text = wellFormed(request.text.slice(0, TEXT_LENGTH)).trim();
  const empty: SearchAnswer = {
    hits: [],
    total: 0,
    totalIsExact: true,
    facets: Object.fromEntries(request.facets.map((facet) => [facet, []])),
  };
  if (queryWordsOf(text).length === 0 && request.text.trim() !== '') return empty;
  const query = { indexUid: uid, q: text };

  const byGuid = text.includes(':')
    ? await searched(client, [
        { ...pageOf(request, offset, query), q: '', filter: [...filterOf(request), isOneOf('guid', [text])] },
      ])
    : [];
  if ((byGuid[0]?.hits.length ?? 0) > 0) return assembled(request, offset, byGuid as Result[], text);

  const all = await searched(client, queriesOf(request, offset, query, 'all'));
  if (totalOf(all) > 0 || text === '' || queryWordsOf(text).length === 1) return assembled(request, offset, all, text);
  // Filters play no part in how words are understood: narrowing a result must not search for something else.
  const [unfiltered] = await searched(client, [
    { ...query, matchingStrategy: 'all', limit: 0, filter: filterOf({ ...request, filters: {} }) },
  ]);
  if ((unfiltered?.estimatedTotalHits ?? 0) > 0) return assembled(request, offset, all, text);
  return assembled(request, offset, await searched(client, queriesOf(request, offset, query, 'last')), text);
}

async function searched(client: Meilisearch, queries: MultiSearchQuery[]): Promise<Result[]> {
  const { results } = await client.multiSearch<{ queries: MultiSearchQuery[] }, IndexedDocument>({ queries });
  return results;
}

/** The page, and one query for each facet that has a filter of its own, since that is left out of its counts. */
function queriesOf(
  request: SearchRequest,
  offset: number,
  query: { indexUid: string; q: string },
  matchingStrategy: 'all' | 'last',
): MultiSearchQuery[] {
  const free = request.facets.filter((facet) => request.filters[facet] === undefined);
  const filtered = request.facets.filter((facet) => request.filters[facet] !== undefined);
  return [
    { ...pageOf(request, offset, query), matchingStrategy, facets: free.map(countedAttribute) },
    ...filtered.map((facet) => ({
      ...query,
      matchingStrategy,
      limit: 0,
      filter: filterOf(request, facet),
      facets: [countedAttribute(facet)],
    })),
  ];
}

function pageOf(request: SearchRequest, offset: number, query: { indexUid: string; q: string }): MultiSearchQuery {
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
    const marked = MARKED.flatMap((attribute) => hit._formatted?.[attribute] ?? []);
    return { document: hit.document, matched: matchedWords(marked) };
  });
  const next = offset + hits.length;
  const correctedTo = correction(
    text,
    hits.flatMap(({ matched }) => matched),
  );
  return {
    hits: hits.map(({ document, matched }) => ({
      document,
      highlights: text === '' ? [] : highlightsOf(document, matched, text),
    })),
    total: Math.min(total, MOST_COUNTED),
    totalIsExact: total <= MOST_COUNTED,
    facets: Object.fromEntries(request.facets.map((facet) => [facet, countsOf(results, facet)])),
    ...(hits.length === request.limit && next < total ? { nextCursor: encodeCursor(request, [next]) } : {}),
    ...(correctedTo === undefined || hits.length === 0 ? {} : { correctedTo }),
  };
}

function totalOf(results: Result[]): number {
  return results[0]?.estimatedTotalHits ?? 0;
}

function countsOf(results: Result[], facet: Facet): { value: string; label?: string; count: number }[] {
  const attribute = countedAttribute(facet);
  const counts = results
    .map(({ facetDistribution }) => facetDistribution?.[attribute])
    .find((each) => each !== undefined);
  return Object.entries(counts ?? {})
    .map(([encoded, count]) => ({ ...decodeLabelled(encoded), count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
}

function decodeOffset(request: SearchRequest, cursor: string): number {
  const [offset] = decodeCursor(request, cursor, ['number']);
  if (typeof offset !== 'number' || offset < 0) throw new BadCursor();
  return offset;
}

/** Half a surrogate pair is legal in JavaScript and in no JSON that others read. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', ' ');
}
