import type { Actor } from '../../access/actor.js';
import { visiblePredicate } from '../../access/visibility.js';
import { type Annotation, listEdits, readAnnotation } from '../../catalog/annotations/annotation.js';
import { writeAnnotation } from '../../catalog/annotations/write-annotation.js';
import { getEntity, requireVisible } from '../../catalog/entities/entity.js';
import type { ApiContext } from '../context.js';
import { type Owned, onWorkspaceOf, type Route, route, visible } from '../route.js';
import { annotationPatchSchema, annotationSchema, columnParams, editPageSchema } from '../schemas/annotations.js';
import { decimalParams, pageQuery } from '../schemas/lists.js';

const tag = 'Map';

export const annotationRoutes: Route[] = [
  route({
    method: 'get',
    path: '/entities/:id/annotation',
    tag,
    summary: 'Read what people say of an entity',
    access: visible,
    params: decimalParams,
    reply: { status: 200, description: 'Their words; version 0 where there are none yet.', body: annotationSchema },
    handle: async (context, { actor, params }) => answer(await readVisible(context, actor, params.id, '')),
  }),
  route({
    method: 'patch',
    path: '/entities/:id/annotation',
    tag,
    summary: 'Describe, tag or name the owners of an entity',
    description:
      'What is left out stays as it is. No crawl ever changes it; it follows the entity through renames, and is there again ' +
      'when the entity comes back. Based on version 0, `If-Match: "0"`, where nobody wrote anything yet.',
    access: onWorkspaceOf('entity.annotate', 'entity', (context, { id }: { id: string }, actor) =>
      findAnnotated(context, actor, id, ''),
    ),
    audit: 'entity.annotate',
    changesSearch: true,
    params: decimalParams,
    body: annotationPatchSchema,
    edits: (_context, { target }) => target.annotation,
    reply: { status: 200, description: 'What they say now.', body: annotationSchema },
    problems: ['OWNER_UNKNOWN'],
    handle: async ({ database }, { actor, params, body, target }) =>
      answer(
        await writeAnnotation(
          database,
          { entityId: params.id, column: '', version: target.version, personId: actor.personId },
          body,
        ),
      ),
  }),
  route({
    method: 'get',
    path: '/entities/:id/annotation/edits',
    tag,
    summary: 'List what people said of an entity, the last first',
    access: visible,
    params: decimalParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of states as they were saved, and by whom.', body: editPageSchema },
    handle: async ({ database }, { actor, params, query }) => {
      await requireVisible(database, params.id, visiblePredicate(actor));
      return { body: await listEdits(database, params.id, '', query) };
    },
  }),
  route({
    method: 'get',
    path: '/tables/:id/columns/:column/annotation',
    tag,
    summary: 'Read what people say of a column',
    description: 'By its name. It is kept while the column is away.',
    access: visible,
    params: columnParams,
    reply: { status: 200, description: 'Their words; version 0 where there are none.', body: annotationSchema },
    handle: async (context, { actor, params }) => answer(await readVisible(context, actor, params.id, params.column)),
  }),
  route({
    method: 'patch',
    path: '/tables/:id/columns/:column/annotation',
    tag,
    summary: 'Describe, tag or name the owners of a column',
    description: 'As for entities; a column that is renamed at its source is another one.',
    access: onWorkspaceOf(
      'entity.annotate',
      'entity',
      (context, { id, column }: { id: string; column: string }, actor) => findAnnotated(context, actor, id, column),
    ),
    audit: 'entity.annotate',
    changesSearch: true,
    params: columnParams,
    body: annotationPatchSchema,
    edits: (_context, { target }) => target.annotation,
    reply: { status: 200, description: 'What they say now.', body: annotationSchema },
    problems: ['COLUMN_UNKNOWN', 'OWNER_UNKNOWN'],
    handle: async ({ database }, { actor, params, body, target }) =>
      answer(
        await writeAnnotation(
          database,
          { entityId: params.id, column: params.column, version: target.version, personId: actor.personId },
          body,
        ),
      ),
  }),
  route({
    method: 'get',
    path: '/tables/:id/columns/:column/annotation/edits',
    tag,
    summary: 'List what people said of a column, the last first',
    access: visible,
    params: columnParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of states as they were saved, and by whom.', body: editPageSchema },
    handle: async ({ database }, { actor, params, query }) => {
      await requireVisible(database, params.id, visiblePredicate(actor));
      return { body: await listEdits(database, params.id, params.column, query) };
    },
  }),
];

const answer = (annotation: Annotation) => ({ body: annotation, version: annotation.version });

async function readVisible(
  { database }: ApiContext,
  actor: Actor,
  entityId: string,
  column: string,
): Promise<Annotation> {
  await requireVisible(database, entityId, visiblePredicate(actor));
  return readAnnotation(database, entityId, column);
}

async function findAnnotated(
  { database }: ApiContext,
  actor: Actor,
  entityId: string,
  column: string,
): Promise<Owned & { version: number; annotation: Annotation }> {
  const { workspace } = await getEntity(database, { id: entityId }, visiblePredicate(actor));
  const annotation = await readAnnotation(database, entityId, column);
  return { workspaceId: workspace.id, version: annotation.version, annotation };
}
