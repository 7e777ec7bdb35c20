import { z } from 'zod';
import type { JobRun } from '../lineage/read/job-runs.js';
import type { JobDetail } from '../lineage/read/jobs.js';
import type { Side } from '../lineage/read/sides.js';
import { presentNode } from './present-lineage.js';

/** Facets are what somebody else's program says: what is not of its form is as if it were not said. */
function read<Shape extends z.ZodType>(facets: Record<string, unknown>, name: string, shape: Shape) {
  const parsed = shape.safeParse(facets[name]);
  return parsed.success ? parsed.data : undefined;
}
const text = z
  .string()
  .nullish()
  .catch(null)
  .transform((value) => value ?? null);

const jobType = z.object({ processingType: text, integration: text, jobType: text });
const documentation = z.object({ description: z.string() });
const ownership = z.object({ owners: z.array(z.object({ name: z.string(), type: text })) });
const tags = z.object({ tags: z.array(z.object({ key: z.string(), value: text, source: text })) });
const address = text.transform((value) => value?.replace(/(?<=:\/\/)[^/@\s]*@/, '') ?? null);
const sourceCodeLocation = z.object({
  type: text,
  url: address,
  repoUrl: address,
  path: text,
  version: text,
  tag: text,
  branch: text,
});
const sourceCode = z
  .object({ language: text, sourceCode: z.string() })
  .transform(({ language, sourceCode: code }) => ({ language, text: code }));

export function presentJob({ facets, ...job }: JobDetail) {
  return {
    ...job,
    type: read(facets, 'jobType', jobType) ?? null,
    documentation: read(facets, 'documentation', documentation)?.description ?? null,
    owners: read(facets, 'ownership', ownership)?.owners ?? [],
    tags: read(facets, 'tags', tags)?.tags ?? [],
    sourceCodeLocation: read(facets, 'sourceCodeLocation', sourceCodeLocation) ?? null,
    sourceCode: read(facets, 'sourceCode', sourceCode) ?? null,
  };
}

const nominalTime = z
  .object({ nominalStartTime: text, nominalEndTime: text })
  .transform(({ nominalStartTime: start, nominalEndTime: end }) => ({ start, end }));
const engine = z.object({ name: text, version: text });
const error = z.object({ message: z.string(), programmingLanguage: text, stackTrace: text });
const parent = z
  .object({ run: z.object({ runId: z.string() }), job: z.object({ namespace: text, name: text }).nullish() })
  .transform(({ run, job }) => ({ runId: run.runId, namespace: job?.namespace ?? null, name: job?.name ?? null }));

export function presentJobRun({ facets, inputs, outputs, ...run }: JobRun) {
  return {
    ...run,
    nominalTime: read(facets, 'nominalTime', nominalTime) ?? null,
    engine: read(facets, 'processing_engine', engine) ?? null,
    error: read(facets, 'errorMessage', error) ?? null,
    parent: read(facets, 'parent', parent) ?? null,
    inputs: presentSide(inputs),
    outputs: presentSide(outputs),
  };
}

export const presentSide = ({ datasets, ...side }: Side) => ({ ...side, datasets: datasets.map(presentNode) });
