import type { ExternalName } from '../store/nodes.js';
import type { FoundColumn } from '../store/record-edges.js';
import type { EventFacts } from './facts.js';
import type { DatasetRow, JobRow, RunRow } from './record-facts.js';

/** An event that waits. Ids are decimal text, the digest hex. */
export interface WaitingEvent {
  id: string;
  workspaceId: string | null;
  digest: string;
}

interface RunOfJob {
  /** The job's key. */
  job: string;
  key: string;
}

/** What a batch of events says, each thing once. Data sets and jobs are named by their keys here. */
export interface Batch {
  datasets: Map<string, DatasetRow>;
  symlinks: (ExternalName & { dataset: string; type: string })[];
  jobs: Map<string, JobRow>;
  runs: Map<string, Omit<RunRow, 'processId'> & RunOfJob>;
  runDatasets: (RunOfJob & { dataset: string; output: boolean })[];
  flows: Map<
    string,
    { job: string; upstream: string; downstream: string; at: string; digest: string; columns: FoundColumn[] }
  >;
}

/** Puts the facts of events together. The order of the events does not matter. */
export function gather(events: readonly (WaitingEvent & { facts: EventFacts })[]): Batch {
  const batch: Batch = {
    datasets: new Map(),
    symlinks: [],
    jobs: new Map(),
    runs: new Map(),
    runDatasets: [],
    flows: new Map(),
  };
  // A facet of the same time counts by its digest, whichever event is read first.
  const inOrder = [...events].sort((a, b) => order([a.facts.at, a.digest], [b.facts.at, b.digest]));
  for (const event of inOrder) add(batch, event);
  return batch;
}

function order(a: readonly [string, string], b: readonly [string, string]): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1;
  return a[1] < b[1] ? -1 : 1;
}

function add(batch: Batch, { workspaceId, digest, facts }: WaitingEvent & { facts: EventFacts }): void {
  const datasetKey = ({ namespace, name }: ExternalName) => JSON.stringify([workspaceId, namespace, name]);
  for (const { facets, symlinks, ...name } of facts.datasets) {
    const key = datasetKey(name);
    const before = batch.datasets.get(key);
    batch.datasets.set(key, { ...name, workspaceId, facets: { ...before?.facets, ...facets } });
    batch.symlinks.push(...symlinks.map((symlink) => ({ ...symlink, dataset: key })));
  }
  if (facts.job === undefined) return;
  const job = JSON.stringify([workspaceId, ...facts.job.key]);
  const before = batch.jobs.get(job);
  batch.jobs.set(job, {
    workspaceId,
    key: job,
    name: facts.job.name,
    sql: facts.job.sql ?? before?.sql ?? null,
    evidence: {
      at: facts.at,
      namespace: facts.job.namespace,
      facets: { ...before?.evidence.facets, ...facts.job.facets },
    },
  });
  addRun(batch, job, facts);
  const run = { job, key: facts.run.key };
  for (const dataset of facts.inputs) batch.runDatasets.push({ ...run, dataset: datasetKey(dataset), output: false });
  for (const dataset of facts.outputs) batch.runDatasets.push({ ...run, dataset: datasetKey(dataset), output: true });
  for (const { upstream, downstream, columns } of facts.flows) {
    const ends = { upstream: datasetKey(upstream), downstream: datasetKey(downstream) };
    if (ends.upstream === ends.downstream) continue;
    // Events are in order: the latest stays.
    batch.flows.set(JSON.stringify([job, ends]), { job, ...ends, at: facts.at, digest, columns });
  }
}

function addRun(batch: Batch, job: string, { at, run }: EventFacts): void {
  const key = JSON.stringify([job, run.key]);
  const before = batch.runs.get(key);
  const row = {
    job,
    key: run.key,
    state: run.state,
    startedAt: before?.startedAt ?? run.startedAt,
    endedAt: run.endedAt ?? before?.endedAt ?? null,
    firstAt: before?.firstAt ?? at,
    at,
    // Of several, the same one whatever the order.
    parent: [before?.parent ?? null, run.parent].filter((id) => id !== null).sort()[0] ?? null,
    facets: { ...before?.facets, ...run.facets },
  };
  const said = order(weight(before ?? row), weight({ ...row, endedAt: run.endedAt }));
  batch.runs.set(key, { ...row, state: said > 0 ? (before?.state ?? run.state) : run.state });
}

/** What a run's state is by: of its latest end, or of its latest event while none has come. */
const weight = ({ endedAt, at, state }: Pick<RunRow, 'endedAt' | 'at' | 'state'>): [string, string] => [
  endedAt === null ? '' : endedAt,
  endedAt === null ? at + state : state,
];
