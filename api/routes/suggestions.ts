import type { Actor } from '../../access/actor.js';
import { visiblePredicate } from '../../access/visibility.js';
import { acceptMany, acceptSuggestion, rejectMany, rejectSuggestion } from '../../catalog/describing/decide.js';
import { askAgain, askingOf } from '../../catalog/describing/queue.js';
import { getSuggestion, listSuggestions, openSuggestions } from '../../catalog/describing/suggestions.js';
import { getEntity, requireVisible } from '../../catalog/entities/entity.js';
import { beginDescribing } from '../begin-describing.js';
import type { ApiContext } from '../context.js';
import { inBodysWorkspace, onWorkspaceOf, type Route, route, visible } from '../route.js';
import { decimalParams } from '../schemas/lists.js';
import {
  acceptSuggestionSchema,
  askAgainSchema,
  askingSchema,
  decidedSchema,
  decideSuggestionsSchema,
  entitySuggestionsQuery,
  entitySuggestionsSchema,
  rejectSuggestionSchema,
  suggestionDetailSchema,
  suggestionListQuery,
  suggestionPageSchema,
  suggestionParams,
} from '../schemas/suggestions.js';

const tag = 'AI descriptions';
/** Suggestions decided on in one request. */
const MOST = 500;

const find = ({ database }: ApiContext, { id }: { id: string }, actor: Actor) =>
  getSuggestion(database, id, visiblePredicate(actor));

export const suggestionRoutes: Route[] = [
  route({
    method: 'get',
    path: '/description-suggestions',
    tag,
    summary: 'List suggested descriptions, the oldest first',
    description: 'Those of tables that you may see; open ones where no status is asked for.',
    access: visible,
    query: suggestionListQuery,
    reply: { status: 200, description: 'A page of suggestions.', body: suggestionPageSchema },
    handle: async ({ database }, { actor, query: { cursor, limit, ...filter } }) => ({
      body: await listSuggestions(database, filter, { cursor, limit }, visiblePredicate(actor)),
    }),
  }),
  route({
    method: 'get',
    path: '/entities/:id/description-suggestions',
    tag,
    summary: 'List what was suggested for a table and its columns',
    access: visible,
    params: decimalParams,
    query: entitySuggestionsQuery,
    reply: {
      status: 200,
      description: 'A page of suggestions, and how the asking stands.',
      body: entitySuggestionsSchema,
    },
    handle: async ({ database }, { actor, params, query: { status, ...page } }) => {
      const seen = visiblePredicate(actor);
      await requireVisible(database, params.id, seen);
      const listed = await listSuggestions(database, { status, entityId: params.id }, page, seen);
      return { body: { ...listed, asking: (await askingOf(database, params.id)) ?? null } };
    },
  }),
  route({
    method: 'post',
    path: '/entities/:id/description-suggestions',
    tag,
    summary: 'Have a table asked about anew',
    description: 'Open suggestions of it are dropped. What a person or the source describes is never asked about.',
    access: onWorkspaceOf('entity.annotate', 'entity', async ({ database }, { id }: { id: string }, actor) => {
      const { workspace } = await getEntity(database, { id }, visiblePredicate(actor));
      return { workspaceId: workspace.id };
    }),
    audit: 'suggestion.ask',
    params: decimalParams,
    body: askAgainSchema,
    reply: { status: 202, description: 'It is queued.', body: askingSchema },
    problems: ['AI_DESCRIPTIONS_OFF'],
    handle: async (context, { params, body }) => {
      await askAgain(context.database, params.id, body.rejectedToo);
      await beginDescribing(context);
      return { body: { asking: true } };
    },
  }),
  route({
    method: 'get',
    path: '/description-suggestions/:id',
    tag,
    summary: 'Read a suggestion, with what the model was told',
    access: visible,
    params: suggestionParams,
    reply: { status: 200, description: 'The suggestion.', body: suggestionDetailSchema },
    handle: async (context, { actor, params }) => ({ body: await find(context, params, actor) }),
  }),
  route({
    method: 'post',
    path: '/description-suggestions/:id/accept',
    tag,
    summary: 'Accept a suggestion, as it is or edited',
    description:
      'It becomes the description as your act, with the origin `ai`, and reaches search. It never replaces words of a person.',
    access: onWorkspaceOf('entity.annotate', 'suggestion', find),
    audit: 'suggestion.accept',
    changesSearch: true,
    params: suggestionParams,
    body: acceptSuggestionSchema,
    idempotent: true,
    reply: { status: 200, description: 'The suggestion as it is now.', body: suggestionDetailSchema },
    problems: ['SUGGESTION_NOT_OPEN', 'SUGGESTION_STALE', 'DESCRIBED_BY_PERSON'],
    handle: async ({ database }, { actor, params, body, target }) => {
      await acceptSuggestion(database, params.id, { personId: actor.personId, description: body.description });
      return {
        body: await getSuggestion(database, params.id, visiblePredicate(actor)),
        deed: { entityId: target.entity.id },
      };
    },
  }),
  route({
    method: 'post',
    path: '/description-suggestions/:id/reject',
    tag,
    summary: 'Reject a suggestion',
    description: 'While the object stays as it is, the model is not asked about it again.',
    access: onWorkspaceOf('entity.annotate', 'suggestion', find),
    audit: 'suggestion.reject',
    params: suggestionParams,
    body: rejectSuggestionSchema,
    idempotent: true,
    reply: { status: 200, description: 'The suggestion as it is now.', body: suggestionDetailSchema },
    problems: ['SUGGESTION_NOT_OPEN'],
    handle: async ({ database }, { actor, params, body, target }) => {
      await rejectSuggestion(database, params.id, { personId: actor.personId, reason: body.reason });
      return {
        body: await getSuggestion(database, params.id, visiblePredicate(actor)),
        deed: { entityId: target.entity.id },
      };
    },
  }),
  route({
    method: 'post',
    path: '/description-decisions',
    tag,
    summary: 'Accept or reject up to 500 suggestions of a workspace',
    description:
      'By their ids, or the first 500 open ones that fit a filter. One that cannot be decided on does not keep the others.',
    access: inBodysWorkspace('entity.annotate'),
    audit: 'suggestion.decide',
    changesSearch: true,
    body: decideSuggestionsSchema,
    idempotent: true,
    reply: { status: 200, description: 'What became of them.', body: decidedSchema },
    handle: async ({ database }, { actor, body }) => {
      const { workspaceId, ids, filter, decision, reason } = body;
      const seen = visiblePredicate(actor);
      const found = await openSuggestions(database, { ...filter, workspaceId, ids }, MOST + 1, seen);
      const some = found.slice(0, MOST);
      const outcome =
        decision === 'accept'
          ? await acceptMany(database, some, actor.personId)
          : await rejectMany(database, some, { personId: actor.personId, reason });
      const missing = (ids ?? [])
        .filter((id) => !found.includes(id))
        .map((id) => ({ id, code: 'NOT_FOUND', message: 'There is no such open suggestion in the workspace' }));
      return {
        body: { decided: outcome.decided, left: [...outcome.left, ...missing], more: found.length > MOST },
        deed: { decision, suggestions: outcome.decided },
      };
    },
  }),
];
