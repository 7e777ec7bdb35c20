import { endClearedNarrowings } from '../catalog/operations/write-operations.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that ends a narrowing. One that search does not know of yet is ended by the minute's sweep. */
export function createEndNarrowing({ database }: ActivityContext): ControlActivities['endNarrowing'] {
  return ({ crawlerId }) => endClearedNarrowings(database, crawlerId);
}
