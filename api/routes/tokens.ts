import { createToken, listTokens, revokeToken } from '../../access/tokens.js';
import { type Route, route, signedIn } from '../route.js';
import { uuidParams } from '../schemas/lists.js';
import { createdTokenSchema, newTokenSchema, tokenListSchema } from '../schemas/people.js';

const tag = 'Session';
const DAY_MS = 86_400_000;

export const tokenRoutes: Route[] = [
  route({
    method: 'get',
    path: '/tokens',
    tag,
    summary: 'List your API tokens',
    access: signedIn,
    reply: { status: 200, description: 'Newest first, without the tokens themselves.', body: tokenListSchema },
    handle: async ({ database }, { actor }) => ({ body: { items: await listTokens(database, actor.personId) } }),
  }),
  route({
    method: 'post',
    path: '/tokens',
    tag,
    summary: 'Make an API token',
    description: 'It does what you may do. The answer has it this once, so it takes no Idempotency-Key.',
    access: signedIn,
    audit: 'token.create',
    body: newTokenSchema,
    reply: { status: 201, description: 'The token.', body: createdTokenSchema },
    handle: async ({ database }, { actor, body: { name, expiresInDays } }) => ({
      body: await createToken(database, actor.personId, {
        name,
        ...(expiresInDays === undefined ? {} : { expiresAt: new Date(Date.now() + expiresInDays * DAY_MS) }),
      }),
    }),
  }),
  route({
    method: 'delete',
    path: '/tokens/:id',
    tag,
    summary: 'Withdraw one of your API tokens',
    access: signedIn,
    audit: 'token.delete',
    params: uuidParams,
    reply: { status: 204, description: 'It works no longer.' },
    handle: async ({ database }, { actor, params }) => {
      await revokeToken(database, actor.personId, params.id);
      return { body: undefined };
    },
  }),
];
