import { endPreview } from '../catalog/preview/previews.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';

/** Makes the activity that ends a preview which no worker took up, lost, or was cancelled. One that ended stays as it is. */
export function createClosePreview({ database }: ActivityContext): ControlActivities['closePreview'] {
  return ({ previewId, ...ending }) => endPreview(database, previewId, ending);
}
