import { finishListing } from '../catalog/jobs/database-listings.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that records why a listing came to nothing. */
export function createCloseDatabaseListing({ database }: ActivityContext): ControlActivities['closeDatabaseListing'] {
  return ({ listingId, failure }) => finishListing(database, listingId, { error: failure });
}
