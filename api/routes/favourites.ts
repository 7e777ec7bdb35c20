import { visiblePredicate } from '../../access/visibility.js';
import { requireVisible } from '../../catalog/entities/entity.js';
import { listFavourites, setFavourite } from '../../catalog/entities/favourites.js';
import { qualifiedName } from '../qualified-name.js';
import { type Route, route, visible } from '../route.js';
import { favouritePageSchema, favouriteSchema } from '../schemas/favourites.js';
import { decimalParams, pageQuery } from '../schemas/lists.js';

const tag = 'Map';

export const favouriteRoutes: Route[] = [
  route({
    method: 'get',
    path: '/favourites',
    tag,
    summary: 'List your favourites, the last marked first',
    description: 'Those that you may see; also what its source no longer has, as such.',
    access: visible,
    query: pageQuery,
    reply: { status: 200, description: 'A page of entities.', body: favouritePageSchema },
    handle: async ({ database }, { actor, query }) => {
      const page = await listFavourites(database, actor.personId, query, visiblePredicate(actor));
      return {
        body: { ...page, items: page.items.map((item) => ({ ...item, qualifiedName: qualifiedName(item) })) },
      };
    },
  }),
  ...(['put', 'delete'] as const).map((method) =>
    route({
      method,
      path: '/entities/:id/favourite',
      tag,
      summary: method === 'put' ? 'Mark an entity as a favourite of yours' : 'Take an entity off your favourites',
      description: 'Repeatable.',
      access: visible,
      audit: method === 'put' ? 'favourite.add' : 'favourite.remove',
      params: decimalParams,
      reply: { status: 200, description: 'How it stands now.', body: favouriteSchema },
      handle: async ({ database }, { actor, params }) => {
        await requireVisible(database, params.id, visiblePredicate(actor));
        await setFavourite(database, actor.personId, params.id, method === 'put');
        return { body: { favourite: method === 'put' } };
      },
    }),
  ),
];
