import { z } from 'zod';
import { nodeEnd } from './lineage.js';
import { cursor, decimalId, limit, pageOf, timestamp, uuid } from './lists.js';

export const jobsQuery = z.strictObject({
  namespace: z.string().min(1).max(500).optional(),
  name: z.string().min(1).max(1_000).optional().meta({ description: 'A part of the name, in any case.' }),
  workspaceId: uuid.optional().meta({ description: 'Only jobs whose events speak for it.' }),
  cursor,
  limit: limit(50, 200),
});

export const jobRunsQuery = z.strictObject({ cursor, limit: limit(20, 100) });

const text = z.string().nullable();
const state = z.string().meta({ description: 'START, RUNNING, COMPLETE, ABORT, FAIL or OTHER.' });
const dated = z.iso.datetime().nullable();

const job = {
  id: decimalId,
  namespace: z.string(),
  name: z.string(),
  workspace: z
    .object({ id: z.string(), name: z.string() })
    .nullable()
    .meta({ description: 'For which its events speak; null for the whole tenant.' }),
  firstSeen: timestamp.meta({ description: 'When its first event came.' }),
  lastSeen: timestamp,
  latestRun: z
    .object({ runId: z.string(), state, startedAt: dated, endedAt: dated })
    .nullable()
    .meta({ description: 'Null where no run of the last 30 days is known.' }),
};
const jobSchema = z.object(job).meta({ id: 'LineageJob' });
export const jobPageSchema = pageOf(jobSchema, 'LineageJobPage');

export const jobDetailSchema = z
  .object({
    ...job,
    type: z.object({ processingType: text, integration: text, jobType: text }).nullable(),
    documentation: text,
    owners: z.array(z.object({ name: z.string(), type: text })),
    tags: z.array(z.object({ key: z.string(), value: text, source: text })),
    sourceCodeLocation: z
      .object({ type: text, url: text, repoUrl: text, path: text, version: text, tag: text, branch: text })
      .nullable()
      .meta({ description: 'Without what an address may hold of a login.' }),
    sourceCode: z.object({ language: text, text: z.string() }).nullable(),
    sql: text,
    restricted: z.boolean().meta({
      description:
        'Its own words are left out: SQL, source code, errors and parents of runs. They are for members of its workspace ' +
        'who may see all of its data.',
    }),
  })
  .meta({ id: 'LineageJobDetail' });

/** What a run or a job reads or writes. */
export const nodeSide = (most: number) =>
  z.object({
    datasets: z.array(nodeEnd).meta({ description: `At most ${most}.` }),
    restricted: z.boolean().meta({ description: 'There is something that you may not see, at least one.' }),
    truncated: z.boolean(),
  });
const side = nodeSide(200);

export const jobRunPageSchema = pageOf(
  z
    .object({
      runId: z.string(),
      state,
      startedAt: timestamp.nullable(),
      endedAt: timestamp.nullable(),
      lastEventAt: timestamp,
      nominalTime: z.object({ start: text, end: text }).nullable(),
      engine: z.object({ name: text, version: text }).nullable(),
      error: z.object({ message: z.string(), programmingLanguage: text, stackTrace: text }).nullable(),
      parent: z.object({ runId: z.string(), namespace: text, name: text }).nullable(),
      inputs: side,
      outputs: side,
    })
    .meta({ id: 'LineageJobRun' }),
  'LineageJobRunPage',
).extend({ restricted: z.boolean().meta({ description: 'Errors and parents are left out, as with the job.' }) });
