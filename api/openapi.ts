import type { oas31 } from 'zod-openapi';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { problemSchema } from './problems.js';
import { type Route, TAGS } from './route.js';

/** What every operation may answer beside its own, by status. */
const REFUSALS: Record<string, string> = {
  400: 'The request is not well formed: a field, the cursor or the JSON.',
  401: 'Nobody is signed in, or the token is not valid.',
  403: 'The permission that `detail` names is missing, or the change may come from a foreign page.',
  404: 'There is no such thing, or you may not see it.',
  409: 'It does not fit what stands; `code` tells how.',
  412: 'It was changed since you read it; the answer has both versions and what stands.',
  422: 'The Idempotency-Key was used for another request.',
  428: 'If-Match is missing.',
  429: 'Too many attempts; Retry-After says when to come back.',
  503: 'A part of the installation is down; `part` names it.',
};

/** Writes the OpenAPI 3.1 document of the routes. It is made from what the server runs on, so the two cannot differ. */
export function openApiDocument(routes: readonly Route[]): oas31.OpenAPIObject {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const path = `/api/v1${route.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return createDocument(
    {
      openapi: '3.1.1',
      info: {
        title: 'Datamap',
        version: 'v1',
        description:
          'Collects metadata from data sources and keeps a searchable map of it. ' +
          'Lists are read page by page: send `nextCursor` of an answer back as `cursor`. ' +
          'Refusals are `application/problem+json` with a stable `code`, a cause, a remedy and a request id.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: TAGS.map((name) => ({ name })),
      security: [{ token: [] }, { session: [] }],
      paths,
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'An API token, made with POST /api/v1/tokens.' },
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'datamap_session',
            description: 'Set by POST /api/v1/session. Changes also need our Origin or the header X-Datamap-CSRF.',
          },
        },
      },
    },
    {
      // Timestamps are Dates until the answer is written as JSON.
      override: ({ jsonSchema, zodSchema, io }) => {
        if (zodSchema._zod.def.type === 'date' && io === 'output') {
          jsonSchema.type = 'string';
          jsonSchema.format = 'date-time';
        }
      },
    },
  ) as oas31.OpenAPIObject;
}

function operation(route: Route): ZodOpenApiOperationObject {
  const { reply } = route;
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.access.kind === 'open' ? { security: [] } : {}),
    'x-access': {
      kind: route.access.kind,
      ...('permission' in route.access ? { permission: route.access.permission } : {}),
    },
    ...(route.problems.length === 0 ? {} : { 'x-problems': [...route.problems] }),
    requestParams: {
      path: route.params as never,
      query: route.query as never,
    },
    parameters: [...(route.idempotent ? [IDEMPOTENCY_KEY] : []), ...(route.edits === undefined ? [] : [IF_MATCH])],
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { [route.takes?.type ?? 'application/json']: { schema: route.body } },
          },
        }),
    responses: {
      ...(reply.accepted === undefined
        ? {}
        : {
            '202': {
              description: reply.accepted,
              content: { 'application/json': { schema: reply.body } },
            },
          }),
      [String(reply.status)]: {
        description: reply.description,
        ...(reply.body === undefined ? {} : { content: { 'application/json': { schema: reply.body } } }),
        ...(reply.stream === undefined ? {} : { content: { [reply.stream]: { schema: { type: 'string' } } } }),
      },
      ...Object.fromEntries(
        refusalsOf(route).map((status) => [
          status,
          { description: REFUSALS[status], content: { 'application/problem+json': { schema: problemSchema } } },
        ]),
      ),
    } as ZodOpenApiOperationObject['responses'],
  };
}

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    'A random key of this request. A repeat with the same key has no second effect and gets the same answer.',
  schema: { type: 'string', maxLength: 255 },
} as const;

const IF_MATCH = {
  name: 'If-Match',
  in: 'header',
  required: true,
  description: 'The ETag of what the edit is based on.',
  schema: { type: 'string' },
} as const;

function refusalsOf(route: Route): string[] {
  const { kind } = route.access;
  const isForAll = route.method === 'get' && (kind === 'signed-in' || kind === 'visible');
  return [
    '400',
    '401',
    ...(isForAll && !route.problems.includes('FORBIDDEN') ? [] : ['403']),
    ...(kind === 'open' ? [] : ['404']),
    ...(route.problems.some((code) => code !== 'FORBIDDEN') || route.method !== 'get' ? ['409'] : []),
    ...(route.edits === undefined ? [] : ['412', '428']),
    ...(route.idempotent ? ['422'] : []),
    ...(route.guard === undefined && !route.problems.includes('TOO_MANY_STREAMS') ? [] : ['429']),
    '503',
  ];
}

/** E.g. `get_crawlers_id_deletion_impact`: stable, since generated clients are named after it. */
function operationId(route: Route): string {
  return `${route.method}${route.path.replace(/[:/-]+/g, '_')}`;
}
