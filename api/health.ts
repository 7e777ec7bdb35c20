import { setTimeout as delay } from 'node:timers/promises';
import { Router } from 'express';
import type { ApiContext } from './context.js';

type Health = { ok: true } | { ok: false; reason: string };

const PROBE_MS = 2_000;

/**
 * `/healthz`: the process serves. `/readyz`: which parts it can reach. Without Temporal or search the API answers what
 * it can, so only a missing database makes it not ready; the reasons go to the log, since both are open to anyone.
 */
export function healthRoutes(context: ApiContext): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (request, response) => {
    const parts = await probe(context);
    for (const [part, health] of Object.entries(parts))
      if (!health.ok) request.log.warn({ part, reason: health.reason }, 'A part is down');
    const down = Object.values(parts).some((health) => !health.ok);
    response.status(parts.database.ok ? 200 : 503).json({
      status: !parts.database.ok ? 'down' : down ? 'degraded' : 'ready',
      parts: Object.fromEntries(Object.entries(parts).map(([part, health]) => [part, health.ok ? 'up' : 'down'])),
    });
  });
  return router;
}

/** Asks each part, all at once, for at most two seconds. */
export async function probe(context: ApiContext): Promise<Record<'database' | 'temporal' | 'search', Health>> {
  const [database, temporal, search] = await Promise.all([
    within(async () => {
      await context.database.raw('SELECT 1');
      return { ok: true };
    }),
    within(() => context.orchestrator.health()),
    within(() => context.searchIndex.health()),
  ]);
  return { database, temporal, search };
}

async function within(ask: () => Promise<Health>): Promise<Health> {
  const answered = ask().catch((error: unknown): Health => ({ ok: false, reason: String(error) }));
  const late = new AbortController();
  const timeout = delay(PROBE_MS, undefined, { signal: late.signal }).then(
    (): Health => ({ ok: false, reason: `No answer within ${PROBE_MS} ms` }),
    (): Health => ({ ok: true }),
  );
  const health = await Promise.race([answered, timeout]);
  late.abort();
  return health;
}
