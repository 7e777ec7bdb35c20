import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { McpServer } from '@modelcontextprotocol/server';
import express, { type Request, type Response, Router } from 'express';
import type { Actor } from '../../access/actor.js';
import { authenticate, bearerToken } from '../authentication.js';
import type { ApiContext } from '../context.js';
import { Problem, toProblem } from '../problems.js';
import { readRoute } from '../read-route.js';
import type { Route } from '../route.js';
import { TOOLS, type Tool } from './tools.js';

const INSTRUCTIONS =
  'Datamap is a map of the databases, schemas and tables of an organisation. Begin with `search`; its hits have ids for the ' +
  'other tools. You see what the owner of the token may see. Nothing here changes anything.';

/**
 * The Model Context Protocol over streamable HTTP at the router's root, without sessions: each POST is one exchange, done
 * as the owner of its bearer token. A cookie is not enough, so no foreign page can ask in a person's name.
 * https://modelcontextprotocol.io/specification/2025-06-18/basic/transports
 * @param routes those of the API; each tool reads through one of them, with its checks of access
 */
export function mcpRoutes(context: ApiContext, routes: readonly Route[]): Router {
  const tools = TOOLS.map((tool) => ({ tool, route: routeOf(routes, tool) }));
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

function serverFor(
  context: ApiContext,
  tools: readonly { tool: Tool; route: Route }[],
  actor: Actor,
  request: Request,
): McpServer {
  const server = new McpServer({ name: 'datamap', version: 'v1' }, { instructions: INSTRUCTIONS });
  for (const { tool, route } of tools) {
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
          return said(await readRoute(context, route, actor, placed(tool, input)));
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

/** Sorts a tool's arguments into what goes into the path and what into the query, as text. */
function placed({ inPath = [] }: Tool, input: Record<string, unknown>) {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  const text = ([name, value]: [string, unknown]) => [name, Array.isArray(value) ? value.map(String) : String(value)];
  return {
    params: Object.fromEntries(given.filter(([name]) => inPath.includes(name)).map(text)),
    query: Object.fromEntries(given.filter(([name]) => !inPath.includes(name)).map(text)),
  };
}

function routeOf(routes: readonly Route[], tool: Tool): Route {
  const found = routes.find(({ method, path }) => method === 'get' && path === tool.route);
  if (found === undefined) throw new Error(`The tool ${tool.name} reads ${tool.route}, which is not a route`);
  return found;
}
