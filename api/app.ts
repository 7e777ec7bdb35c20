import express, { type ErrorRequestHandler, type Express, type Request, type Response, Router } from 'express';
import helmet from 'helmet';
import type { ApiContext } from './context.js';
import { documentationRoutes } from './documentation.js';
import { healthRoutes } from './health.js';
import { landingRoutes } from './landing.js';
import { requestLog } from './logging.js';
import { mcpRoutes } from './mcp/serve-mcp.js';
import { metricsOf } from './metrics.js';
import { openApiDocument } from './openapi.js';
import { Problem, toProblem } from './problems.js';
import type { Route } from './route.js';
import { allRoutes } from './routes/index.js';
import { serveRoute } from './serve-route.js';

/** Builds the API, its documentation and its two pages on what it is handed. Opens nothing by itself. */
export function createApi(context: ApiContext): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', context.config.trustedProxies);
  app.set('query parser', 'simple');
  const metrics = metricsOf(context);
  app.use(requestLog(context.log), metrics.timing, securityHeaders(context));
  app.use(healthRoutes(context), metrics.routes);
  app.use('/api/docs', documentationRoutes());
  const routes = allRoutes();
  app.use('/api/v1', apiRoutes(context, routes));
  app.use('/api', unknownRoute);
  app.use('/mcp', mcpRoutes(context, routes));
  app.use(landingRoutes());
  app.use(unknownRoute);
  app.use(answerProblem);
  return app;
}

function apiRoutes(context: ApiContext, routes: readonly Route[]): Router {
  const router = Router();
  const document = JSON.stringify(openApiDocument(routes));
  router.use((_request, response, next) => {
    response.setHeader('Cache-Control', 'no-store');
    next();
  });
  router.get('/openapi.json', (_request, response) => {
    response.type('json').send(document);
  });
  for (const path of new Set(routes.map((route) => route.path))) {
    const ofPath = routes.filter((route) => route.path === path);
    const at = router.route(path);
    for (const route of ofPath) at[route.method](serveRoute(context, route));
    at.all((request) => refuseMethod(request, ofPath));
  }
  return router;
}

function refuseMethod(request: Request, routes: readonly Route[]): never {
  const allowed = routes.map((route) => route.method.toUpperCase());
  if (allowed.includes('GET')) allowed.push('HEAD');
  throw new Problem('METHOD_NOT_ALLOWED', `${request.method} is not something this path does.`, {
    remedy: `It does ${allowed.join(', ')}.`,
    headers: { Allow: allowed.join(', ') },
  });
}

function unknownRoute(request: Request): never {
  throw new Problem('UNKNOWN_ROUTE', `There is nothing at ${request.baseUrl}${request.path}.`, {
    remedy: '/api/docs lists what there is.',
  });
}

function securityHeaders(context: ApiContext) {
  const https = context.config.publicUrl.protocol === 'https:';
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        formAction: ["'self'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: https,
    referrerPolicy: { policy: 'same-origin' },
  });
}

/** The one place where anything thrown becomes an answer. Never a stack trace; the log has the whole error. */
const answerProblem: ErrorRequestHandler = (error: unknown, request: Request, response: Response, _next) => {
  const problem = toProblem(error, String(request.id));
  if (problem.unexpected) response.err = error instanceof Error ? error : new Error(String(error));
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.status(problem.status);
  for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
  response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.end(JSON.stringify(problem.body));
};
