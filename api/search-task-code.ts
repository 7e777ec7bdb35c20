import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { sidesOfJobs } from '../lineage/read/job-sides.js';
import { readableJobs } from '../lineage/read/jobs.js';
import { findTaskCode } from '../search/find-task-code.js';
import type { ApiContext } from './context.js';
import { jobReader } from './job-reader.js';
import { presentSide } from './present-jobs.js';
import type { searchQuery } from './schemas/search.js';

/** What a search for the code of tasks answers: of the jobs whose code the person may read, as GET /lineage-jobs/{id} shows it. */
export async function searchTaskCode(
  { database }: ApiContext,
  { q, language, namespace, workspaceId, cursor, limit }: z.output<typeof searchQuery>,
  actor: Actor,
) {
  const reader = jobReader(actor);
  const { taskCode, ...page } = await findTaskCode(database, {
    text: q,
    language,
    namespace,
    workspaceId,
    visible: reader.workspaces,
    readable: readableJobs(database, reader),
    cursor,
    limit,
  });
  const sides = await sidesOfJobs(database, [...new Set(taskCode.map(({ jobId }) => jobId))], reader);
  return {
    taskCode: taskCode.map((found) => {
      const { reads, writes } = sides(found.jobId);
      return { ...found, reads: presentSide(reads), writes: presentSide(writes) };
    }),
    ...page,
  };
}
