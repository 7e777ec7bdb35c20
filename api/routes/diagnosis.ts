import { diagnose } from '../diagnose.js';
import { type Route, route, visible } from '../route.js';
import { diagnosisQuery, diagnosisSchema } from '../schemas/diagnosis.js';

export const diagnosisRoutes: Route[] = [
  route({
    method: 'get',
    path: '/diagnose',
    tag: 'Map',
    summary: 'Say why a table is not found',
    description:
      'Whether a crawler collects its database, its source has it, it was collected, you may see it, and search has it: ' +
      'the first that fails, with what to do. The source is asked by a worker, for who may refresh its tables.',
    access: visible,
    query: diagnosisQuery,
    reply: { status: 200, description: 'What was found, step by step.', body: diagnosisSchema },
    problems: ['TEMPORAL_UNAVAILABLE', 'SEARCH_UNAVAILABLE'],
    handle: async (context, { actor, query: { name } }) => ({
      body: { name, ...(await diagnose(context, actor, name)) },
    }),
  }),
];
