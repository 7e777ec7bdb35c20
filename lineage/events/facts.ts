import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ExternalName } from '../store/nodes.js';
import type { FoundColumn } from '../store/record-edges.js';
import { columnFlows } from './column-facet.js';
import { nameShape, namespaceShape, type OpenLineageEvent } from './event-shape.js';
import { canonicalNamespace } from './namespace.js';

/** A facet as one event had it. */
export interface DatedFacet {
  /** The event's time, ISO in UTC. */
  at: string;
  digest: string;
  facet: unknown;
}

export interface DatasetFacts extends ExternalName {
  facets: Record<string, DatedFacet>;
  symlinks: (ExternalName & { type: string })[];
}

/** What an event says, each thing in itself, so that it does not matter which event is read first. */
export interface EventFacts {
  /** ISO in UTC. */
  at: string;
  /** What moves the data; undefined where the event tells of none. */
  job: (ExternalName & { key: string[]; facets: Record<string, unknown>; sql: string | null }) | undefined;
  run: {
    key: string;
    state: string;
    startedAt: string | null;
    endedAt: string | null;
    /** The id of the run that it is part of. */
    parent: string | null;
    facets: Record<string, unknown>;
  };
  inputs: ExternalName[];
  outputs: ExternalName[];
  datasets: DatasetFacts[];
  flows: { upstream: ExternalName; downstream: ExternalName; columns: FoundColumn[] }[];
}

const ENDED = new Set(['COMPLETE', 'ABORT', 'FAIL']);
/** Told of elsewhere: as edges, and as other names. */
const HELD_ELSEWHERE = new Set(['columnLineage', 'symlinks']);
/** What is kept of a run for longer than its events. */
const OF_RUN = ['parent', 'nominalTime', 'errorMessage', 'processing_engine', 'externalQuery', 'tags'];
/** A facet with more characters stays in its event alone. */
const LARGEST_FACET = 64 * 1_024;
const LARGEST_SQL = 256 * 1_024;

/** How far the clock of a sender may be ahead, in milliseconds: a day has room for every zone that is taken for another. */
const MOST_AHEAD = 86_400_000;

/** @param by.digest tells the event from all others, in hex */
export function factsOf(
  event: OpenLineageEvent,
  { digest, receivedAt }: { digest: string; receivedAt: Date },
): EventFacts {
  const at = timeOf(event, receivedAt).toISOString();
  const ends = { in: event.inputs ?? [], out: event.outputs ?? [] };
  const told = [...ends.in, ...ends.out, ...(event.dataset == null ? [] : [event.dataset])];
  const withColumns = [...ends.out, ...(event.dataset == null ? [] : [event.dataset])];
  const flows = withColumns.flatMap((dataset) =>
    columnFlows(dataset.facets?.columnLineage).map((flow) => ({ ...flow, downstream: nameOf(dataset) })),
  );
  return {
    at,
    job: jobOf(event, flows.length > 0),
    run: runOf(event, at, digest),
    inputs: ends.in.map(nameOf),
    outputs: ends.out.map(nameOf),
    datasets: [
      ...told.map((dataset) => datasetFacts(dataset, at)),
      ...flows.map(({ upstream }) => ({ ...upstream, facets: {}, symlinks: [] })),
    ],
    flows,
  };
}

/** An event from further ahead tells no time: for the latest of its job it would be taken for as long as that is to come. */
function timeOf({ eventTime }: OpenLineageEvent, receivedAt: Date): Date {
  const told = new Date(hasOffset(eventTime) ? eventTime : `${eventTime}Z`);
  return told.getTime() > receivedAt.getTime() + MOST_AHEAD ? receivedAt : told;
}

const hasOffset = (time: string): boolean => /(Z|[+-]\d\d:?\d\d)$/i.test(time);

const nameOf = ({ namespace, name }: ExternalName): ExternalName => ({
  namespace: canonicalNamespace(namespace),
  name,
});

function jobOf({ job, dataset }: OpenLineageEvent, hasFlows: boolean): EventFacts['job'] {
  if (job != null) {
    const { sql, ...facets } = small(job.facets ?? {});
    const parsed = z.looseObject({ query: z.string() }).safeParse(job.facets?.sql);
    const text = parsed.success && parsed.data.query.length <= LARGEST_SQL ? parsed.data.query : null;
    const kept = text === null && sql !== undefined ? { ...facets, sql } : facets;
    return { ...job, key: [job.namespace, job.name], facets: kept, sql: text };
  }
  if (dataset == null || !hasFlows) return undefined;
  // A data set that tells of its columns' origin by itself, without a job that writes it.
  const { namespace, name } = nameOf(dataset);
  return { namespace, name, key: ['dataset', namespace, name], facets: {}, sql: null };
}

function runOf({ run, eventType, dataset, job }: OpenLineageEvent, at: string, digest: string): EventFacts['run'] {
  const state = eventType ?? 'OTHER';
  // Each event of a job is whole in itself: its inputs have nothing to do with the outputs of another.
  const key = run != null ? run.runId.toLowerCase() : `${job == null && dataset != null ? 'dataset' : 'job'} ${digest}`;
  return {
    key,
    state,
    startedAt: state === 'START' ? at : null,
    endedAt: ENDED.has(state) ? at : null,
    parent: parentOf(run?.facets?.parent),
    facets: small(Object.fromEntries(Object.entries(run?.facets ?? {}).filter(([name]) => OF_RUN.includes(name)))),
  };
}

function parentOf(facet: unknown): string | null {
  const parsed = z.looseObject({ run: z.looseObject({ runId: z.string().max(100) }) }).safeParse(facet);
  return parsed.success ? parsed.data.run.runId.toLowerCase() : null;
}

type Told = NonNullable<OpenLineageEvent['dataset']>;

function datasetFacts(dataset: Told, at: string): DatasetFacts {
  const facets: DatasetFacts['facets'] = {};
  for (const [name, facet] of Object.entries(dataset.facets ?? {})) {
    if (HELD_ELSEWHERE.has(name)) continue;
    const text = JSON.stringify(facet);
    if (text.length > LARGEST_FACET) continue;
    facets[name] = { at, digest: createHash('sha1').update(text).digest('base64'), facet };
  }
  return { ...nameOf(dataset), facets, symlinks: symlinksOf(dataset.facets?.symlinks) };
}

const symlinks = z.looseObject({
  identifiers: z.array(
    z.looseObject({
      namespace: namespaceShape,
      name: nameShape,
      type: z.string().max(100).nullish(),
    }),
  ),
});

function symlinksOf(facet: unknown): DatasetFacts['symlinks'] {
  const parsed = symlinks.safeParse(facet);
  if (!parsed.success || parsed.data._deleted === true) return [];
  return parsed.data.identifiers
    .slice(0, 20)
    .map(({ type, ...name }) => ({ ...nameOf(name), type: (type ?? 'TABLE').toUpperCase() }));
}

const small = (facets: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(facets).filter(([, facet]) => JSON.stringify(facet).length <= LARGEST_FACET));
