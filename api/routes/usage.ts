import { visibleOutside, visiblePredicate, visibleWorkspaces } from '../../access/visibility.js';
import { requireVisible } from '../../catalog/entities/entity.js';
import { processesOfTable, statementsOfTable, tablesReadWith } from '../../lineage/read/usage.js';
import { qualifiedName } from '../qualified-name.js';
import { type Route, route, visible } from '../route.js';
import { decimalParams } from '../schemas/lists.js';
import { usagePageSchema, usageQuery } from '../schemas/usage.js';

/** Of tables and processes that the first page has beside the statements. */
const MOST = 50;

export const usageRoutes: Route[] = [
  route({
    method: 'get',
    path: '/entities/:id/usage',
    tag: 'Lineage',
    summary: 'List what reads and writes a table',
    description:
      'Statements that were run at the source, the most often run first, with who ran them, where its crawler reads the query ' +
      'history; constants are not kept. The first page also has the tables that are read together with this one, and the ' +
      'views and jobs by lineage. A text that names something that you may not see is left out.',
    access: visible,
    params: decimalParams,
    query: usageQuery,
    reply: { status: 200, description: 'A page of statements.', body: usagePageSchema },
    handle: async ({ database }, { actor, params: { id }, query }) => {
      const reader = {
        visible: visiblePredicate(actor),
        outside: visibleOutside(actor),
        workspaces: visibleWorkspaces(actor),
      };
      await requireVisible(database, id, reader.visible);
      const page = await statementsOfTable(database, id, query, reader);
      const items = page.items.map((item) => ({ ...item, restricted: item.text === null }));
      if (query.cursor !== undefined) return { body: { ...page, items } };
      const readWith = await tablesReadWith(database, id, reader, MOST);
      const processes = await processesOfTable(database, id, reader, MOST);
      return {
        body: {
          ...page,
          items,
          readWith: readWith.map(({ entity, ...use }) => ({
            ...use,
            entity: { ...entity, qualifiedName: qualifiedName({ kind: 'table', ...entity }) },
          })),
          processes,
        },
      };
    },
  }),
];
