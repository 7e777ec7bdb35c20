import { listJobRuns } from '../../lineage/read/job-runs.js';
import { getJob, listJobs } from '../../lineage/read/jobs.js';
import { jobReader } from '../job-reader.js';
import { presentJob, presentJobRun } from '../present-jobs.js';
import { type Route, route, visible } from '../route.js';
import { jobDetailSchema, jobPageSchema, jobRunPageSchema, jobRunsQuery, jobsQuery } from '../schemas/lineage-jobs.js';
import { decimalParams } from '../schemas/lists.js';

const tag = 'Lineage';

export const lineageJobRoutes: Route[] = [
  route({
    method: 'get',
    path: '/lineage-jobs',
    tag,
    summary: 'List jobs that told of themselves',
    description:
      'Jobs that sent events of lineage: those whose events speak for your workspaces, and those that are concerned with ' +
      'tables of which you may see all databases. Those first that came last.',
    access: visible,
    query: jobsQuery,
    reply: { status: 200, description: 'A page of jobs.', body: jobPageSchema },
    handle: async ({ database }, { actor, query }) => ({ body: await listJobs(database, query, jobReader(actor)) }),
  }),
  route({
    method: 'get',
    path: '/lineage-jobs/:id',
    tag,
    summary: 'Read a job with what it says of itself',
    access: visible,
    params: decimalParams,
    reply: { status: 200, description: 'The job.', body: jobDetailSchema },
    handle: async ({ database }, { actor, params }) => ({
      body: presentJob(await getJob(database, params.id, jobReader(actor))),
    }),
  }),
  route({
    method: 'get',
    path: '/lineage-jobs/:id/runs',
    tag,
    summary: 'List the runs of a job',
    description:
      'The latest first, for 30 days after the last event of each: how they ended, what they are part of, and what they read ' +
      'and wrote. Of data that you may not see, a side tells with `restricted` that there is some.',
    access: visible,
    params: decimalParams,
    query: jobRunsQuery,
    reply: { status: 200, description: 'A page of runs.', body: jobRunPageSchema },
    handle: async ({ database }, { actor, params, query }) => {
      const reader = jobReader(actor);
      const job = await getJob(database, params.id, reader);
      const page = await listJobRuns(database, job, query, reader);
      return { body: { ...page, items: page.items.map(presentJobRun), restricted: job.restricted } };
    },
  }),
];
