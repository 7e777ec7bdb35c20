import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestHandler, Router } from 'express';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { authorise } from '../access/authorise.js';
import { authenticate, bearerToken } from './authentication.js';
import type { ApiContext } from './context.js';
import { probe } from './health.js';

/** Prometheus metrics of this process, and the middleware that times its requests. */
export function metricsOf(context: ApiContext): { timing: RequestHandler; routes: Router } {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'datamap_http_request_duration_seconds',
    help: 'Time from request to the end of the answer.',
    // The route's pattern, never the path: ids would make a time series each.
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  new Gauge({
    name: 'datamap_part_up',
    help: '1 where the API reaches the part, 0 where not.',
    labelNames: ['part'],
    registers: [registry],
    async collect() {
      for (const [part, health] of Object.entries(await probe(context))) this.set({ part }, health.ok ? 1 : 0);
    },
  });

  const timing: RequestHandler = (request, response, next) => {
    const stop = duration.startTimer();
    response.once('finish', () => {
      const route = response.locals.route ?? request.route?.path ?? 'none';
      stop({ method: request.method, route: String(route), status: response.statusCode });
    });
    next();
  };

  const routes = Router();
  routes.get('/metrics', async (request, response) => {
    const token = bearerToken(request);
    const scraper = context.config.metricsToken;
    if (scraper === undefined || token === undefined || !same(token, scraper))
      authorise(await authenticate(context, request), 'metrics.read');
    response.setHeader('Content-Type', registry.contentType);
    response.send(await registry.metrics());
  });
  return { timing, routes };
}

/** Compares digests, so that neither length nor content shows in the time it takes. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
