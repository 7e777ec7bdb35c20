import { closeRun } from '../catalog/runs/close-run.js';
import { NotFound } from '../db/refusals.js';
import { markSearchable } from '../search/watermark.js';
import type { ControlActivities } from '../workflows/contract.js';
import { writeClosingLine } from './closing-line.js';
import type { ActivityContext } from './context.js';
import { tellOfRun } from './keep-webhooks.js';
import { loggedStep } from './logged-step.js';

/**
 * Makes the activity that ends a run that was stopped or broke off. A run that never had a row, because its workflow
 * ended before it was opened, or because its crawler was deleted, has nothing to close.
 */
export function createCloseRun(context: ActivityContext): ControlActivities['closeRun'] {
  const { database } = context;
  return ({ runId, status, failure }) =>
    loggedStep(context, { step: 'close', runId, brief: true }, async (_, log) => {
      await writeClosingLine(log, status, failure);
      try {
        await closeRun(database, { runId, status, ...(failure === undefined ? {} : { error: failure }) });
      } catch (error) {
        if (!(error instanceof NotFound)) throw error;
      }
      await markSearchable(database);
      await tellOfRun(context);
    });
}
