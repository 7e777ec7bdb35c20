import { visiblePredicate } from '../../access/visibility.js';
import { getCrawler } from '../../catalog/crawlers/read-crawlers.js';
import { countUnread, unreadStatements } from '../../lineage/read/unread-statements.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import { unreadPageSchema, unreadQuery } from '../schemas/usage.js';

export const unreadStatementRoutes: Route[] = [
  route({
    method: 'get',
    path: '/crawlers/:id/unread-statements',
    tag: 'Lineage',
    summary: 'List statements of a query history that could not be read',
    description:
      'Of the databases that the crawler collects, the most often run first: of what is `unparsed` not even the tables are known, ' +
      'of what is `partial` not all columns. The first page has how many there are. A text that names something that you may not ' +
      'see is left out.',
    access: onWorkspaceOf('crawler.read', 'crawler', ({ database }, { id }: { id: string }) =>
      getCrawler(database, id),
    ),
    params: uuidParams,
    query: unreadQuery,
    reply: { status: 200, description: 'A page of statements.', body: unreadPageSchema },
    handle: async ({ database }, { actor, params: { id }, query }) => {
      const visible = visiblePredicate(actor);
      const page = await unreadStatements(database, id, query, visible);
      const items = page.items.map((item) => ({ ...item, restricted: item.text === null }));
      if (query.cursor !== undefined) return { body: { ...page, items } };
      return { body: { ...page, items, counts: await countUnread(database, id, visible) } };
    },
  }),
];
