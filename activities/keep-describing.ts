import { getClient } from '@temporalio/activity';
import { mayAsk, readModelState } from '../catalog/describing/model-state.js';
import { hasWork } from '../catalog/describing/queue.js';
import type { Database } from '../db/database.js';
import { type ControlActivities, type DescribeTablesWorkflow, describeTablesStart } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that sees to it that tables which are to be described have their workflow. */
export function createKeepDescribing({ database }: ActivityContext): ControlActivities['keepDescribing'] {
  return () => beginDescribing(database);
}

/** As a run ends. Trouble is not the run's: the minute's upkeep sees to it again. */
export async function describeAfterRun({ database, log }: ActivityContext): Promise<void> {
  await beginDescribing(database).catch((error: unknown) =>
    log.warn({ err: error }, 'Tables are described with the next upkeep'),
  );
}

/** Starts the workflow where there is something to ask now; one that runs is told that there is more. */
async function beginDescribing(database: Database): Promise<number> {
  const state = await readModelState(database);
  if (!mayAsk(state) || state.waitsUntil !== null || !(await hasWork(database))) return 0;
  await getClient().workflow.signalWithStart<DescribeTablesWorkflow>('describeTables', describeTablesStart());
  return 1;
}
