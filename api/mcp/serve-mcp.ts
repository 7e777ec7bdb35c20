import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import express, { type Request, type Response, Router } from 'express';
import type { Actor } from '../../access/actor.js';
import { authenticate, bearerToken } from '../authentication.js';
import { callRoute } from '../call-route.js';
import type { ApiContext } from '../context.js';
import { Problem, toProblem } from '../problems.js';
import type { Route } from '../route.js';
import { TOOLS, type Tool } from './tools.js';

const INSTRUCTIONS =
  'Datamap is a map of the databases, schemas and tables of an organisation. Begin with `search`; its hits have ids for the ' +
  'other tools. You see what the owner of the token may see. Nothing here changes the map.';

/**
 * The Model Context Protocol over streamable HTTP at the router's root, without sessions: each POST is one exchange, done
 * as the owner of its bearer token. A cookie is not enough, so no foreign page can ask in a person's name.
 * https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
 * @param routes those of the API; each tool reads through one of them, with its checks of access
 */
export function mcpRoutes(context: ApiContext, routes: readonly Route[]): Router {
  const tools = TOOLS.map((tool) => ({
    tool,
    route: routeOf(routes, 'get', tool.route),
    ...(tool.first === undefined ? {} : { first: routeOf(routes, 'post', tool.first.route) }),
  }));
  const router = Router();
  router.post('/', express.json({ limit: '256kb' }), async (request, response) => {
    response.setHeader('Cache-Control', 'no-store');
    const actor = await ownerOfToken(context, request);
    const server = serverFor(context, tools, actor, request);
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      enableJsonResponse: true,
    });
    response.once('close', () => void server.close());
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  router.all('/', refuseStream);
  return router;
}

async function ownerOfToken(context: ApiContext, request: Request): Promise<Actor> {
  if (bearerToken(request) === undefined)
    throw new Problem('NOT_SIGNED_IN', 'There is no API token in this request.', {
      remedy: 'Make one with POST /api/v1/tokens and send it as Authorization: Bearer <token>.',
      headers: { 'WWW-Authenticate': 'Bearer realm="datamap"' },
    });
  return authenticate(context, request);
}

/** A client that finds this answer to GET goes on without a stream, as the protocol allows. */
function refuseStream(_request: Request, _response: Response): never {
  throw new Problem('METHOD_NOT_ALLOWED', 'There is no stream of messages here, and no session to end.', {
    remedy: 'POST each message; its answer comes back in the same exchange.',
    headers: { Allow: 'POST' },
  });
}

interface RoutedTool {
  tool: Tool;
  route: Route;
  first?: Route;
}

/** @throws Problem, and the typed errors of the rooms below */
async function use(
  context: ApiContext,
  { tool, route, first }: RoutedTool,
  actor: Actor,
  request: Request,
  input: Record<string, unknown>,
): Promise<unknown> {
  const given = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  const inPath = (name: string) => tool.inPath?.includes(name) === true;
  const params = asText(given, inPath);
  if (first === undefined || tool.first === undefined) {
    return callRoute(context, route, actor, request, { params, query: asText(given, (name) => !inPath(name)) });
  }
  const body = Object.fromEntries(Object.entries(given).filter(([name]) => !inPath(name)));
  const { id } = (await callRoute(context, first, actor, request, { params, query: {}, body })) as { id: string };
  return callRoute(context, route, actor, request, { params: { id }, query: tool.first.query });
}

function serverFor(context: ApiContext, tools: readonly RoutedTool[], actor: Actor, request: Request): McpServer {
  const server = new McpServer({ name: 'datamap', version: 'v1' }, { instructions: INSTRUCTIONS });
  for (const routed of tools) {
    const { tool } = routed;
    server.registerTool(
      tool.name,
      {
        title: tool.title,
        description: tool.description,
        inputSchema: tool.input,
        annotations: { readOnlyHint: true, openWorldHint: false },
      },
      async (input: Record<string, unknown>) => {
        try {
          return said(await use(context, routed, actor, request, input));
        } catch (error) {
          const problem = toProblem(error, String(request.id));
          if (problem.unexpected) context.log.error({ err: error, tool: tool.name }, 'a tool failed');
          return { ...said(problem.body), isError: true };
        }
      },
    );
  }
  return server;
}

const said = (body: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(body) }] });

/** Arguments as a path and a query hold them. */
function asText(given: Record<string, unknown>, wanted: (name: string) => boolean): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given)
      .filter(([name]) => wanted(name))
      .map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : String(value)]),
  );
}

function routeOf(routes: readonly Route[], method: 'get' | 'post', path: string): Route {
  const found = routes.find((route) => route.method === method && route.path === path);
  if (found === undefined) throw new Error(`A tool asks ${method} ${path}, which is not a route`);
  return found;
}
