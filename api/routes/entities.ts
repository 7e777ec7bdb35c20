import { z } from 'zod';
import { visiblePredicate } from '../../access/visibility.js';
import { getEntity } from '../../catalog/entities/entity.js';
import { type EntityFilter, listEntities } from '../../catalog/entities/list-entities.js';
import { qualifiedName } from '../qualified-name.js';
import { type Route, route, visible } from '../route.js';
import { entityListQuery, entityPageSchema, entitySchema } from '../schemas/entities.js';
import { decimalParams } from '../schemas/lists.js';

const tag = 'Map';

export const entityRoutes: Route[] = [
  route({
    method: 'get',
    path: '/entities',
    tag,
    summary: 'List what is on the map, or read one entity by its guid',
    description:
      'Databases of all sources; with `databaseId` the tables, or schemas, of one. With `guid` the answer is that entity ' +
      'instead of a list: the living one where there is one, else the last that was removed.',
    access: visible,
    query: entityListQuery,
    reply: {
      status: 200,
      description: 'A page of entities by schema and name, or the entity of the guid.',
      body: z.union([entitySchema, entityPageSchema]),
    },
    handle: async ({ database }, { actor, query: { guid, cursor, limit, ...filter } }) => {
      const seen = visiblePredicate(actor);
      if (guid !== undefined) return { body: withQualifiedName(await getEntity(database, { guid }, seen)) };
      const page = await listEntities(database, toFilter(filter), { cursor, limit }, seen);
      return { body: { ...page, items: page.items.map(withQualifiedName) } };
    },
  }),
  route({
    method: 'get',
    path: '/entities/:id',
    tag,
    summary: 'Read a database, schema or table',
    access: visible,
    params: decimalParams,
    reply: { status: 200, description: 'The entity, also one that its source no longer has.', body: entitySchema },
    handle: async ({ database }, { actor, params }) => ({
      body: withQualifiedName(await getEntity(database, { id: params.id }, visiblePredicate(actor))),
    }),
  }),
];

function toFilter({
  kind,
  databaseId,
  schema,
  ...filter
}: Omit<z.output<typeof entityListQuery>, 'guid' | 'cursor' | 'limit'>): EntityFilter {
  if (databaseId === undefined) return { kind: 'database', ...filter };
  return { kind: kind === 'schema' ? 'schema' : 'table', databaseId, ...(schema === undefined ? {} : { schema }) };
}

function withQualifiedName<Entity extends Parameters<typeof qualifiedName>[0]>(
  entity: Entity,
): Entity & { qualifiedName: string } {
  return { ...entity, qualifiedName: qualifiedName(entity) };
}
