import express, { type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { authorise, can } from '../access/authorise.js';
import { workspaceFor } from '../access/speaks-for.js';
import { authenticate } from './authentication.js';
import type { ApiContext } from './context.js';
import { checkVersion, entityTag } from './entity-tags.js';
import { fingerprintOf, type KeptReply, once } from './idempotency.js';
import { nudgeSearch } from './nudge.js';
import { type InvalidField, notFound, Problem } from './problems.js';
import { recordDeed } from './record-deed.js';
import type { Call, Owned, Route, SpokenFor } from './route.js';

/** Large enough for a data source with a chain of certificates or a scope of 10,000 databases. */
const parseJson = bodyParser({ type: 'application/json', megabytes: 1 });

type AnyCall = Call<unknown, unknown, unknown, unknown>;

/**
 * Makes the handler of a route. In this order: who is it, is the path well formed, may they do this to that, is the
 * rest well formed, is it a repeat, is it based on what stands; then the route's own work. Access comes before
 * validation, so that somebody without it learns nothing from messages about their input.
 */
export function serveRoute(context: ApiContext, route: Route): RequestHandler {
  const parse = route.takes === undefined ? parseJson : bodyParser(route.takes);
  return async (request, response) => {
    // For metrics: express forgets where a router hangs by the time an error is answered.
    response.locals.route = `/api/v1${route.path}`;
    const actor = route.access.kind === 'open' ? undefined : await authenticate(context, request);
    await serveTo(context, route, parse, request, response, actor);
  };
}

async function serveTo(
  context: ApiContext,
  route: Route,
  parse: RequestHandler,
  request: Request,
  response: Response,
  actor: Actor | undefined,
): Promise<void> {
  const params = validate(route.params, request.params, 'path');
  if (route.body !== undefined) await readBody(parse, request, response);
  await route.guard?.(request, response);
  const target = actor === undefined ? undefined : await checkAccess(context, route, actor, params, request);
  const call = {
    params,
    query: validate(route.query, request.query, 'query'),
    body: route.body === undefined ? undefined : validate(route.body, request.body ?? {}, 'body'),
    target,
    actor,
    request,
    response,
  } as AnyCall;
  if (route.edits !== undefined) {
    const { version } = target as { version: number };
    await checkVersion(request.get('if-match'), version, () => route.edits?.(context, call));
  }
  await reply(context, route, call);
}

async function reply(context: ApiContext, route: Route, call: AnyCall): Promise<void> {
  const work = async (): Promise<KeptReply | undefined> => {
    const result = await route.handle(context, call);
    await recordDeed(context, route, call, result);
    if (route.changesSearch === true) nudgeSearch(context);
    if (result === undefined) return undefined;
    return {
      status: result.accepted === true ? 202 : route.reply.status,
      body: route.reply.body === undefined ? undefined : shaped(route, result.body),
      headers: {
        ...(result.version === undefined ? {} : { ETag: entityTag(result.version) }),
        ...result.headers,
      },
    };
  };
  const key = route.idempotent ? idempotencyKey(call.request) : undefined;
  if (key === undefined) {
    const made = await work();
    if (made !== undefined) send(call.response, made);
    return;
  }
  const { reply: made, repeated } = await once(
    context.database,
    {
      personId: call.actor.personId,
      key,
      fingerprint: fingerprintOf(context.secretKey, call.request.method, call.request.path, call.request.body),
    },
    async () => (await work()) as KeptReply,
  );
  if (repeated) call.response.setHeader('Idempotent-Replayed', 'true');
  send(call.response, made);
}

/** Leaves out what the declared shape does not name, so that a column added to a row cannot leak into an answer. */
export function shaped(route: Route, body: unknown): unknown {
  const fitted = route.reply.body?.safeParse(body);
  if (fitted?.success === false)
    throw new Error(
      `The answer of ${route.method} ${route.path} is not of its declared shape: ${z.prettifyError(fitted.error)}`,
    );
  return fitted?.data;
}

/** Written by hand: express would turn an answer with an ETag into a 304, although live parts of it have changed. */
function send(response: Response, made: KeptReply): void {
  response.status(made.status);
  for (const [name, value] of Object.entries(made.headers)) response.setHeader(name, value);
  if (made.body === undefined || made.body === null) {
    response.end();
    return;
  }
  const text = Buffer.from(JSON.stringify(made.body));
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Content-Length', text.length);
  response.end(text);
}

/** Whether somebody may do this to that, and what that is. @throws Problem */
export async function checkAccess(
  context: ApiContext,
  route: Route,
  actor: Actor,
  params: unknown,
  { body, query }: { body?: unknown; query?: unknown },
): Promise<unknown> {
  const { access } = route;
  switch (access.kind) {
    case 'open':
    case 'visible':
      return undefined;
    case 'signed-in':
      return access.find === undefined ? undefined : orNotFound(access.what, access.find(context, params, actor));
    case 'tenant':
      authorise(actor, access.permission);
      return access.find === undefined ? undefined : orNotFound(access.what, access.find(context, params, actor));
    case 'workspace-in-body': {
      const { workspaceId } = validate(z.object({ workspaceId: z.uuid() }), body ?? {}, 'body');
      if (!can(actor, 'workspace.read', workspaceId)) throw notFound('workspace');
      authorise(actor, access.permission, workspaceId);
      return undefined;
    }
    case 'workspace-in-query': {
      const named = validate(z.object({ workspaceId: z.uuid().optional() }), query ?? {}, 'query').workspaceId;
      return { workspaceId: workspaceFor(actor, access.permission, named) } satisfies SpokenFor;
    }
    case 'shared': {
      const target = await orNotFound(access.what, access.find(context, params, actor));
      access.check?.(actor, target);
      return target;
    }
    case 'workspace': {
      const target = (await orNotFound(access.what, access.find(context, params, actor))) as Owned;
      if (!can(actor, 'workspace.read', target.workspaceId)) throw notFound(access.what);
      authorise(actor, access.permission, target.workspaceId);
      return target;
    }
  }
}

/** One wording for what is not there, so that it does not differ from what one may not see. */
async function orNotFound<T>(what: string | undefined, finding: Promise<T | undefined>): Promise<T> {
  const found = await finding.catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (found === undefined) throw notFound(what ?? 'thing');
  return found;
}

function bodyParser({ type, megabytes }: NonNullable<Route['takes']>): RequestHandler {
  const limit = `${megabytes}mb`;
  return type === 'application/json'
    ? express.json({ limit, strict: true })
    : express.text({ limit, type: () => true });
}

async function readBody(parse: RequestHandler, request: Request, response: Response): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    parse(request, response, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
  const sent = request.get('content-length') ?? request.get('transfer-encoding') ?? '0';
  if (request.body === undefined && sent !== '0')
    throw new Problem('UNSUPPORTED_MEDIA_TYPE', 'The body is not declared as JSON.', {
      remedy: 'Send it with Content-Type: application/json.',
    });
}

function idempotencyKey(request: Request): string | undefined {
  const key = request.get('idempotency-key');
  if (key === undefined) return undefined;
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw invalid([{ in: 'header', path: 'Idempotency-Key', message: 'must be 1 to 255 printable characters' }]);
}

/** @throws Problem INVALID_REQUEST that names each field that is not as it must be */
export function validate<S extends z.ZodType>(schema: S, value: unknown, where: InvalidField['in']): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.map((issue) => ({ in: where, path: issue.path.join('.'), message: inWords(issue.message) })),
  );
}

/** What is not there is said to be missing, and what is no number to be none: people send neither undefined nor NaN. */
function inWords(message: string): string {
  return message
    .replace(/^Invalid input: expected (\w+), received undefined$/, 'is missing: it must be of type $1')
    .replace(/^Invalid input: expected number, received NaN$/, 'is missing or no number');
}

function invalid(errors: InvalidField[]): Problem {
  const first = errors[0];
  return new Problem(
    'INVALID_REQUEST',
    `The ${first?.in} is not valid: ${[first?.path, first?.message].filter(Boolean).join(' ')}`,
    {
      remedy: 'Each entry of errors names a field and what it must be; /api/docs describes them all.',
      errors,
    },
  );
}
