import type { Orchestrator } from '../orchestrator/port.js';
import type { ApiContext } from './context.js';

/** Milliseconds after a change until the engine is told of it, once for all that came meanwhile. */
const PATIENCE = 500;

/** Has events of lineage folded soon. Nobody waits for it: the events are kept. */
export const nudgeLineage = nudge(
  (engine) => engine.foldLineageEvents(),
  'Events of lineage are folded with the next upkeep',
);

/** Has search told soon of what a person changed. Nobody waits for it: the outbox keeps it. */
export const nudgeSearch = nudge(
  (engine) => engine.bringSearchUpToDate(),
  'Search is brought up to date with the next upkeep',
);

/** Where the engine is away, the next minute's upkeep does what is told here. */
function nudge(tell: (engine: Orchestrator) => Promise<void>, otherwise: string): (context: ApiContext) => void {
  const waiting = new WeakSet<ApiContext>();
  return (context) => {
    if (waiting.has(context)) return;
    waiting.add(context);
    setTimeout(() => {
      waiting.delete(context);
      tell(context.orchestrator).catch((err: unknown) => context.log.warn({ err }, otherwise));
    }, PATIENCE).unref();
  };
}
