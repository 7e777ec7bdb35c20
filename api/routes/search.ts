import type { Actor } from '../../access/actor.js';
import { searchMarks, visibleWorkspaces } from '../../access/visibility.js';
import { crawlerNames } from '../../catalog/crawlers/crawler-names.js';
import type { SearchHit } from '../../search/port.js';
import { watermark } from '../../search/watermark.js';
import type { ApiContext } from '../context.js';
import { type Route, route, visible } from '../route.js';
import { searchAnswerSchema, searchQuery } from '../schemas/search.js';

export const searchRoutes: Route[] = [
  route({
    method: 'get',
    path: '/search',
    tag: 'Search',
    summary: 'Search the map',
    description:
      'Finds databases, schemas and tables by name, columns and comments; forgives misspelling. What you may not see ' +
      'is neither found nor counted.',
    access: visible,
    query: searchQuery,
    reply: { status: 200, description: 'Hits, best first.', body: searchAnswerSchema },
    problems: ['BAD_CURSOR', 'SEARCH_UNAVAILABLE'],
    handle: async (context, { actor, query: { q, facets, cursor, limit, hasDescription, ...filters } }) => {
      const visibleTo = await searchMarks(context.database, actor);
      const [answer, mark] = await Promise.all([
        context.searchIndex.search({
          text: q,
          filters: {
            ...filters,
            ...(hasDescription === undefined ? {} : { hasDescription: [String(hasDescription)] }),
          },
          visibleTo,
          facets,
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        }),
        visibleWatermark(context, actor),
      ]);
      return { body: { ...answer, hits: answer.hits.map(presentHit), watermark: mark } };
    },
  }),
];

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

/** A hit shows how many columns there are; which of them matched is in its highlights. */
function presentHit({ document, highlights }: SearchHit) {
  return {
    document: { ...document, columnCount: document.columnNames.length, changedAt: new Date(document.changedAt) },
    highlights,
  };
}
