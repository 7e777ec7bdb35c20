import type { Actor } from '../access/actor.js';
import { visibleOutside, visiblePredicate, visibleWorkspaces } from '../access/visibility.js';
import type { JobReader } from '../lineage/read/jobs.js';

/** What of jobs the person may see. */
export const jobReader = (actor: Actor): JobReader => ({
  visible: visiblePredicate(actor),
  outside: visibleOutside(actor),
  workspaces: visibleWorkspaces(actor),
});
