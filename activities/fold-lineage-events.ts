import { foldEvents } from '../lineage/events/fold-events.js';
import { forgetEvents } from '../lineage/events/forget-events.js';
import { giveBackBorrowed, lookAgain } from '../lineage/events/look-again.js';
import { indexAssets } from '../search/index-assets.js';
import { indexTaskCode } from '../search/index-task-code.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Events folded, and names looked for, in one transaction. */
const BATCH = 500;
/** Texts of jobs whose words are taken apart in one transaction; one has a quarter of a megabyte at most. */
const TEXTS = 50;
/** Milliseconds after which the activity ends although events still come, so that its workflow hears of other things. */
const LONGEST = 60_000;

/**
 * Makes the activity that folds the events which wait into the map, has the code and the AI assets in them found by their words, and draws again
 * what changed what names stand for.
 */
export function createFoldLineageEvents({ database, log }: ActivityContext): ControlActivities['foldLineageEvents'] {
  return () =>
    withLiveness<{ folded: number }, { folded: number; remaining: boolean }>(async ({ signal, checkpoint }) => {
      const until = Date.now() + LONGEST;
      let folded = 0;
      for (let remaining = true; remaining; ) {
        if (Date.now() > until) return { folded, remaining: true };
        signal.throwIfAborted();
        const batch = await foldEvents(database, BATCH);
        if (batch.failed > 0)
          log.warn({ failed: batch.failed }, 'Events of lineage could not be read and were set aside');
        folded += batch.folded;
        remaining = batch.remaining;
        checkpoint({ folded });
      }
      while (Date.now() < until && (await indexTaskCode(database, TEXTS))) signal.throwIfAborted();
      while (Date.now() < until && (await indexAssets(database, BATCH))) signal.throwIfAborted();
      while (Date.now() < until && (await lookAgain(database, BATCH))) signal.throwIfAborted();
      return { folded, remaining: false };
    });
}

/** Makes the activity that sees to what events left behind: names of what is hidden by now, and events that are old. */
export function createKeepLineageEvents({ database }: ActivityContext): ControlActivities['keepLineageEvents'] {
  return () =>
    withLiveness<{ forgotten: number }, number>(async ({ signal, checkpoint }) => {
      await giveBackBorrowed(database);
      let forgotten = 0;
      for (let more = true; more; ) {
        signal.throwIfAborted();
        const gone = await forgetEvents(database, 2_000);
        forgotten += gone;
        more = gone >= 2_000;
        checkpoint({ forgotten });
      }
      return forgotten;
    });
}
