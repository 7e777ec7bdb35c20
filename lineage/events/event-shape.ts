import { z } from 'zod';

/** In bytes, so that a name with its namespace fits into an entry of an index. */
const bytes = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine((text) => Buffer.byteLength(text) <= most, { error: `must have at most ${most} bytes` });
export const namespaceShape = bytes(500).meta({ example: 'postgres://db.example:5432' });
export const nameShape = bytes(1_500).meta({ example: 'shop.public.orders' });

/** Facets by name. Those that are not known are kept, and one that is not of its shape says nothing. */
const facets = z.record(z.string(), z.unknown()).nullish();

const dataset = z
  .looseObject({ namespace: namespaceShape, name: nameShape, facets, inputFacets: facets, outputFacets: facets })
  .meta({ id: 'OpenLineageDataset' });
const job = z.looseObject({ namespace: namespaceShape, name: nameShape, facets }).meta({ id: 'OpenLineageJob' });
const run = z
  .looseObject({
    runId: z
      .string()
      .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, { error: 'must be a UUID' })
      .meta({ format: 'uuid' }),
    facets,
  })
  .meta({ id: 'OpenLineageRun' });

/** Data sets of one side of an event. */
const MOST_DATASETS = 2_000;
const datasets = z.array(dataset).max(MOST_DATASETS).nullish();

/**
 * An event as OpenLineage 1.x defines it (spec/OpenLineage.json): of a run, of a job, or of a data set. Which it is follows
 * from what it has; what else it holds is kept.
 */
export const openLineageEvent = z
  .looseObject({
    eventTime: z.iso.datetime({ offset: true, local: true }).meta({ description: 'UTC where it has no offset.' }),
    producer: z.string().min(1).max(2_000),
    schemaURL: z.string().min(1).max(2_000),
    eventType: z.enum(['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER']).nullish(),
    run: run.nullish(),
    job: job.nullish(),
    dataset: dataset.nullish(),
    inputs: datasets,
    outputs: datasets,
  })
  .superRefine((event, context) => {
    const missing = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (event.dataset != null && event.run == null && event.job == null) return;
    if (event.job == null) missing('job', 'is missing: an event is of a run and its job, of a job, or of a dataset');
  })
  .meta({ id: 'OpenLineageEvent' });

export type OpenLineageEvent = z.output<typeof openLineageEvent>;
