import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Actor } from '../access/actor.js';
import type { Permission } from '../access/permissions.js';
import type { ApiContext } from './context.js';

/** The headings of the documentation, in its order. */
export const TAGS = [
  'Session',
  'People',
  'Workspaces',
  'Resource groups',
  'Data sources',
  'Crawlers',
  'Operations',
  'Runs',
  'Webhooks',
  'Events',
  'Map',
  'AI descriptions',
  'Lineage',
  'Search',
  'Collections',
] as const;
export type Tag = (typeof TAGS)[number];

/** Something in a workspace: what a route reads or changes. */
export interface Owned {
  workspaceId: string;
}

/**
 * Who may call a route. `serveRoute` enforces it before the handler is called, and the documentation and the test that
 * walks all routes read it, so a route cannot be declared without one.
 */
export type Access<Params, Target> =
  /** Anyone, signed in or not. */
  | { kind: 'open' }
  /** Anyone signed in; where the path names something, what `find` lets them have. */
  | {
      kind: 'signed-in';
      what?: string;
      find?(context: ApiContext, params: Params, actor: Actor): Promise<Target | undefined>;
    }
  /** Anyone signed in; the handler shows what the actor may see and nothing of the rest. */
  | { kind: 'visible' }
  | {
      kind: 'tenant';
      permission: Permission;
      /** For the message when there is none, and how it is read, where the path names something. */
      what?: string;
      find?(context: ApiContext, params: Params, actor: Actor): Promise<Target | undefined>;
    }
  /** Whoever has the permission in the workspace of the thing that the path names. */
  | {
      kind: 'workspace';
      permission: Permission;
      /** For the message when there is none, e.g. `crawler`. */
      what: string;
      find(context: ApiContext, params: Params, actor: Actor): Promise<Target | undefined>;
    }
  /** Whoever sees the thing that the path names, where `check` lets them: for what belongs to people. */
  | {
      kind: 'shared';
      /** What lets those in whose it is not. */
      permission: Permission;
      what: string;
      find(context: ApiContext, params: Params, actor: Actor): Promise<Target | undefined>;
      /** Throws to refuse what the actor sees. */
      check?(actor: Actor, target: Target): void;
    }
  /** Whoever has the permission in the workspace that the body's `workspaceId` names. */
  | { kind: 'workspace-in-body'; permission: Permission }
  /** The same by the query's, or without one in the only workspace that there is: the target is a `SpokenFor`. */
  | { kind: 'workspace-in-query'; permission: Permission };

/** For which workspace something is done; null for the whole tenant. */
export interface SpokenFor {
  workspaceId: string | null;
}

export const open = { kind: 'open' } as const;
export const signedIn = { kind: 'signed-in' } as const;
export function onOwnThing<Params, Target>(
  what: string,
  find: (context: ApiContext, params: Params, actor: Actor) => Promise<Target | undefined>,
) {
  return { kind: 'signed-in', what, find } as const;
}
export const visible = { kind: 'visible' } as const;
export const onTenant = (permission: Permission) => ({ kind: 'tenant', permission }) as const;
export function onTenantThing<Params, Target>(
  permission: Permission,
  what: string,
  find: (context: ApiContext, params: Params, actor: Actor) => Promise<Target | undefined>,
) {
  return { kind: 'tenant', permission, what, find } as const;
}
export const inBodysWorkspace = (permission: Permission) => ({ kind: 'workspace-in-body', permission }) as const;
export const forWorkspace = (permission: Permission) => ({ kind: 'workspace-in-query', permission }) as const;
export function onWorkspaceOf<Params, Target extends Owned>(
  permission: Permission,
  what: string,
  find: (context: ApiContext, params: Params, actor: Actor) => Promise<Target | undefined>,
) {
  return { kind: 'workspace', permission, what, find } as const;
}

export function onShared<Params, Target>(
  permission: Permission,
  what: string,
  find: (context: ApiContext, params: Params, actor: Actor) => Promise<Target | undefined>,
  check?: (actor: Actor, target: NoInfer<Target>) => void,
) {
  return { kind: 'shared', permission, what, find, ...(check === undefined ? {} : { check }) } as const;
}

/** A validated request, and who sent it. */
export interface Call<Params, Query, Body, Target> {
  params: Params;
  query: Query;
  body: Body;
  /** What the path names, already read for the check of access. */
  target: Target;
  actor: Actor;
  request: Request;
  response: Response;
}

export interface Result<Body> {
  body: Body;
  /** Answers 202, where the route declares that it may: work goes on after the answer. */
  accepted?: boolean;
  /** Becomes the ETag. */
  version?: number;
  headers?: Record<string, string>;
  /** What the record of the deed says besides: no secret, and no text of people. */
  deed?: Record<string, unknown>;
}

interface Definition<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
  Target,
  Kind extends Access<z.output<P>, Target>,
> {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below /api/v1, with `:name` for parameters. */
  path: string;
  tag: Tag;
  summary: string;
  description?: string;
  access: Kind;
  params?: P;
  query?: Q;
  body?: B;
  /** Of a body that is not JSON of at most 1 MB: its type, and how many megabytes it may have. */
  takes?: { type: 'application/json' | 'text/plain'; megabytes: number };
  reply: {
    status: 200 | 201 | 202 | 204;
    description: string;
    /** JSON of this shape; what it does not name is left out. Without one the answer has no body. */
    body?: R;
    /** When the answer is 202 instead, with the same body. */
    accepted?: string;
    /** The handler writes the answer itself, in this type. */
    stream?: 'text/event-stream' | 'text/csv';
  };
  /** Codes of refusals of its own, beside those that every route has. */
  problems?: readonly string[];
  /** What the record of deeds calls it, e.g. `crawler.edit`; its first word is the kind of thing, unless it is done to an object of the map. */
  audit?: string;
  /** Changes what is found, which search is told of soon. */
  changesSearch?: true;
  /** Takes an Idempotency-Key. Never for a reply that holds a secret: replies are kept for a day. */
  idempotent?: boolean;
  /** Needs If-Match; the target carries `version`. Gives the current state for the conflict's answer. */
  edits?(context: ApiContext, call: Call<z.output<P>, unknown, unknown, Target>): Promise<unknown> | unknown;
  /** Runs before anything is checked, e.g. a limit of attempts. Throws to refuse. */
  guard?(request: Request, response: Response): Promise<void>;
  handle(
    context: ApiContext,
    call: Call<z.output<P>, z.output<Q>, z.output<B>, Target>,
  ): Promise<Result<z.input<R>> | undefined>;
}

/** A route with its types erased, as the server and the documentation handle it. */
export interface Route {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  tag: Tag;
  summary: string;
  description?: string;
  access: Access<unknown, unknown>;
  params: z.ZodType;
  query: z.ZodType;
  body: z.ZodType | undefined;
  takes?: { type: 'application/json' | 'text/plain'; megabytes: number };
  reply: { status: number; description: string; body?: z.ZodType; accepted?: string; stream?: string };
  problems: readonly string[];
  idempotent: boolean;
  audit?: string;
  changesSearch?: true;
  edits?(context: ApiContext, call: Call<unknown, unknown, unknown, unknown>): Promise<unknown> | unknown;
  guard?(request: Request, response: Response): Promise<void>;
  handle(context: ApiContext, call: Call<unknown, unknown, unknown, unknown>): Promise<Result<unknown> | undefined>;
}

const nothing = z.strictObject({});
type Nothing = typeof nothing;

/** Declares a route once: what it takes, who may call it, what it answers, and what it does. */
export function route<
  Target = undefined,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = z.ZodUndefined,
  R extends z.ZodType = z.ZodUndefined,
>(definition: Definition<P, Q, B, R, Target, Access<z.output<P>, Target>>): Route {
  return {
    ...(definition as unknown as Route),
    params: definition.params ?? nothing,
    query: definition.query ?? nothing,
    body: definition.body,
    problems: definition.problems ?? [],
    idempotent: definition.idempotent ?? false,
  };
}
