import { openPlan, outdatePlanOf } from '../catalog/plans/plan-state.js';
import { closeRun } from '../catalog/runs/close-run.js';
import { summariseRun } from '../catalog/runs/summarise-run.js';
import { markSearchable } from '../search/watermark.js';
import type { ControlActivities } from '../workflows/contract.js';
import { writeClosingLine } from './closing-line.js';
import type { ActivityContext } from './context.js';
import { describeAfterRun } from './keep-describing.js';
import { tellOfRun } from './keep-webhooks.js';
import { loggedStep } from './logged-step.js';

/** Makes the activity that ends a run whose units have all been tried, as its rows say it went. */
export function createFinishRun(context: ActivityContext): ControlActivities['finishRun'] {
  const { database } = context;
  return ({ runId, failure }) =>
    loggedStep(context, { step: 'close', runId, brief: true }, async (_, log) => {
      await openPlan(database, runId);
      await outdatePlanOf(database, runId);
      const summary = await summariseRun(database, runId);
      await writeClosingLine(log, summary, failure);
      const closed = await closeRun(database, {
        runId,
        status: summary,
        ...(failure === undefined ? {} : { error: failure }),
      });
      await markSearchable(database);
      await tellOfRun(context);
      await describeAfterRun(context);
      // What a repeated attempt finds closed keeps the status it was closed with.
      const status = closed.status === 'succeeded' || closed.status === 'partial' ? closed.status : 'failed';
      return { status, counts: { ...closed.counts } };
    });
}
