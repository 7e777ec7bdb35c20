import type { ApiContext } from './context.js';

/** Milliseconds after an event until the engine is told of it, once for all that came meanwhile. */
const PATIENCE = 500;

const waiting = new WeakSet<ApiContext>();

/**
 * Has events of lineage folded soon. Nobody waits for it: the events are kept, and where the engine is away the next
 * minute's upkeep folds them.
 */
export function nudgeLineage(context: ApiContext): void {
  if (waiting.has(context)) return;
  waiting.add(context);
  setTimeout(() => {
    waiting.delete(context);
    context.orchestrator
      .foldLineageEvents()
      .catch((err: unknown) => context.log.warn({ err }, 'Events of lineage are folded with the next upkeep'));
  }, PATIENCE).unref();
}
