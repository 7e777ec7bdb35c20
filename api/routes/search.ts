import type { Response } from 'express';
import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { crawlerNames } from '../../catalog/crawlers/crawler-names.js';
import { fieldsOf } from '../../search/fields.js';
import { findWorkspaces } from '../../search/find-workspaces.js';
import type { SearchHit } from '../../search/port.js';
import { watermark } from '../../search/watermark.js';
import type { ApiContext } from '../context.js';
import { type Route, route, visible } from '../route.js';
import { searchAnswerSchema, searchQuery, suggestionQuery, suggestionsSchema } from '../schemas/search.js';
import { searchAssets } from '../search-assets.js';
import { assetsSought, isForTaskCode, isForWorkspaces, searchRequest } from '../search-request.js';
import { searchTaskCode } from '../search-task-code.js';

export const searchRoutes: Route[] = [
  route({
    method: 'get',
    path: '/search',
    tag: 'Search',
    summary: 'Search the map',
    description:
      'Finds databases, schemas and tables by name, columns and comments, and workspaces by name; forgives misspelling. With kind=task-code, ' +
      'the code of jobs, with the lines that match; with kind=api and kind=ai-asset, APIs and models. What you may not see is neither found nor counted.',
    access: visible,
    query: searchQuery,
    reply: { status: 200, description: 'Hits, best first.', body: searchAnswerSchema },
    problems: ['INVALID_CURSOR', 'SEARCH_UNAVAILABLE'],
    handle: async (context, { actor, query }) => {
      if (isForWorkspaces(query)) {
        const { workspaces, ...page } = await findWorkspaces(context.database, {
          text: query.q,
          visible: visibleWorkspaces(actor),
          cursor: query.cursor,
          limit: query.limit,
        });
        const mark = await visibleWatermark(context, actor);
        return { body: { hits: [], workspaces, ...page, totalIsExact: true, facets: {}, watermark: mark } };
      }
      if (isForTaskCode(query)) {
        const page = await searchTaskCode(context, query, actor);
        return { body: { hits: [], ...page, facets: {}, watermark: await visibleWatermark(context, actor) } };
      }
      const kind = assetsSought(query);
      if (kind !== undefined) {
        const page = await searchAssets(context, kind, query, actor);
        return { body: { hits: [], ...page, facets: {}, watermark: await visibleWatermark(context, actor) } };
      }
      const asked = await searchRequest(context.database, query, actor);
      const [answer, mark] = await Promise.all([context.searchIndex.search(asked), visibleWatermark(context, actor)]);
      return { body: { ...answer, hits: answer.hits.map(presentHit), watermark: mark } };
    },
  }),
  route({
    method: 'get',
    path: '/search/suggestions',
    tag: 'Search',
    summary: 'Suggest what is meant while it is typed',
    description: 'The first hits of the same search, in the same order, with no more than a list of suggestions shows.',
    access: visible,
    query: suggestionQuery,
    reply: { status: 200, description: 'Suggestions, best first.', body: suggestionsSchema },
    problems: ['SEARCH_UNAVAILABLE'],
    handle: async ({ database, searchIndex }, { actor, query: { q, limit }, response }) => {
      // Everything newest first is no suggestion.
      if (q.trim() === '') return { body: { suggestions: [] } };
      const asked = await searchRequest(database, { q, limit, facets: [] }, actor);
      const answer = await searchIndex
        .search({ ...asked, onlyBest: true }, whenClosed(response))
        .catch((error: unknown) => {
          // Whoever typed on has gone, and hears of nothing.
          if (response.destroyed) return undefined;
          throw error;
        });
      if (answer === undefined) return { body: { suggestions: [] } };
      return {
        body: {
          suggestions: answer.hits.map(presentHit).map(({ kind, document, highlights, fields }) => ({
            kind,
            id: document.id,
            guid: document.guid,
            type: document.type,
            name: document.name,
            qualifiedName: document.qualifiedName,
            sourceType: document.sourceType,
            ...(fields?.[0] === undefined ? {} : { field: fields[0].name }),
            segments: highlights[0]?.segments ?? [{ text: document.name, match: false }],
          })),
          ...(answer.correctedTo === undefined ? {} : { correctedTo: answer.correctedTo }),
        },
      };
    },
  }),
];

/** Aborts when whoever asked goes before there is an answer: browsers do so to a suggestion when the next letter is typed. */
function whenClosed(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

async function visibleWatermark({ database }: ApiContext, actor: Actor) {
  const mark = await watermark(database);
  const names = await crawlerNames(
    database,
    mark.indexing.map(({ crawlerId }) => crawlerId),
    visibleWorkspaces(actor),
  );
  return {
    completeUpToRun: mark.completeUpToRun,
    indexing: mark.indexing.flatMap(({ crawlerId, waiting, since }) => {
      const crawlerName = names.get(crawlerId);
      return crawlerName === undefined ? [] : [{ crawlerId, crawlerName, waiting, since }];
    }),
  };
}

/**
 * A hit shows how many columns there are; which of them matched is in its highlights. A table that was found by the name
 * of a column, and not by its own, is shown as that field.
 */
function presentHit({ document, highlights }: SearchHit) {
  const found = highlights[0]?.field === 'column';
  return {
    kind: found ? ('field' as const) : document.kind,
    document: { ...document, columnCount: document.columnNames.length, changedAt: new Date(document.changedAt) },
    highlights,
    ...(found ? { fields: fieldsOf({ document, highlights }) } : {}),
  };
}
