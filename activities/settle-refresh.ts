import { isRefreshing, settleRefresh } from '../catalog/refresh/refreshes.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that writes what became of the tables which a run was to refresh. */
export function createSettleRefresh({ database }: ActivityContext): ControlActivities['settleRefresh'] {
  return ({ refreshId, runId, failure }) => settleRefresh(database, refreshId, runId, failure);
}

/** Makes the activity that tells whether the open run of a crawler is a refresh of a few tables. */
export function createIsRefreshing({ database }: ActivityContext): ControlActivities['isRefreshing'] {
  return ({ crawlerId }) => isRefreshing(database, crawlerId);
}
