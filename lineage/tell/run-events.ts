import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { namingOf, TYPES_WITH_VIEWS } from '../views/source-naming.js';
import { datasetsOfRun } from './datasets-of-run.js';
import { facet, type OutputDataset, ownFacet, PRODUCER, type RunEvent, VERSION } from './facets.js';

interface ToldRun {
  id: string;
  number: number;
  trigger: string;
  status: string;
  startedAt: Date;
  endedAt: Date | null;
  counts: Record<string, number>;
  error: { code: string; message: string; remedy?: string } | null;
  ofRunId: string | null;
  tick: { workflowId: string; runId: string } | null;
  crawlerId: string;
  crawlerName: string;
  workspace: string;
  source: { name: string; type: string; instance: string };
}

const ENDINGS: Record<string, RunEvent['eventType']> = {
  succeeded: 'COMPLETE',
  partial: 'COMPLETE',
  failed: 'FAIL',
  stopped: 'ABORT',
  terminated: 'ABORT',
};

/**
 * What OpenLineage is told of a run: that it began, and, once it has, how it ended. The crawler is the job, by its workspace and
 * name; the run has its own id, which is a UUID; what it collected are the databases, each a data set with its counts.
 * @returns undefined where the run's row is gone
 */
export async function runEvents(
  database: Database,
  runId: string,
  namespace: string,
): Promise<{ start: RunEvent; end: RunEvent | undefined } | undefined> {
  const run = await readRun(database, runId);
  if (run === undefined) return undefined;
  const { type, instance } = run.source;
  const scheme = TYPES_WITH_VIEWS.includes(type) ? namingOf(type).scheme : type;
  const eventType = run.endedAt === null ? undefined : ENDINGS[run.status];
  const base = { producer: PRODUCER, schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent' };
  const job = jobOf(run, namespace);
  const event = (at: Date, kind: RunEvent['eventType'], outputs: OutputDataset[]): RunEvent => ({
    eventTime: at.toISOString(),
    eventType: kind,
    ...base,
    run: { runId: run.id, facets: runFacets(run, namespace, kind) },
    job,
    inputs: [],
    outputs,
  });
  return {
    start: event(run.startedAt, 'START', []),
    end:
      run.endedAt === null || eventType === undefined
        ? undefined
        : event(run.endedAt, eventType, await datasetsOfRun(database, runId, `${scheme}://${instance}`)),
  };
}

const nameOfJob = ({ workspace, crawlerName }: ToldRun): string => `${workspace}.${crawlerName}`;

function jobOf(run: ToldRun, namespace: string): RunEvent['job'] {
  const { name, type, instance } = run.source;
  return {
    namespace,
    name: nameOfJob(run),
    facets: {
      jobType: facet('2-0-4/JobTypeJobFacet', { processingType: 'BATCH', integration: 'DATAMAP', jobType: 'CRAWLER' }),
      documentation: facet('1-1-0/DocumentationJobFacet', {
        description: `Collects the metadata of ${name} (${type}, ${instance})`,
      }),
    },
  };
}

function runFacets(run: ToldRun, namespace: string, kind: RunEvent['eventType']): RunEvent['run']['facets'] {
  const { number, trigger, status, counts, error, ofRunId, crawlerId, source, tick } = run;
  // A schedule's execution has the time of the plan at the end of its id.
  const planned = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(tick?.workflowId ?? '')?.[1];
  const ended = kind !== 'START';
  return {
    processing_engine: facet('1-1-1/ProcessingEngineRunFacet', {
      version: VERSION,
      name: 'Datamap',
      openlineageAdapterVersion: VERSION,
    }),
    ...(planned === undefined
      ? {}
      : { nominalTime: facet('1-0-1/NominalTimeRunFacet', { nominalStartTime: planned }) }),
    ...(tick === null
      ? {}
      : {
          parent: facet('1-2-0/ParentRunFacet', {
            run: { runId: tick.runId },
            job: { namespace, name: `${nameOfJob(run)}.schedule` },
          }),
        }),
    ...(ended && error !== null
      ? {
          errorMessage: facet('1-0-1/ErrorMessageRunFacet', {
            message: [`${error.code}: ${error.message}`, ...(error.remedy === undefined ? [] : [error.remedy])].join(
              '\n',
            ),
            programmingLanguage: 'TypeScript',
          }),
        }
      : {}),
    datamap_run: ownFacet('run', {
      number,
      trigger,
      crawlerId,
      source,
      ...(ofRunId === null ? {} : { ofRunId }),
      ...(ended ? { status, counts } : {}),
    }),
  };
}

async function readRun(database: Database, runId: string): Promise<ToldRun | undefined> {
  const [run] = await query<ToldRun>(
    database,
    `SELECT r.id, r.number::float8 AS number, r.trigger, r.status, coalesce(r.started_at, r.queued_at) AS "startedAt",
            r.ended_at AS "endedAt", r.counts, r.error, r.of_run_id AS "ofRunId",
            CASE WHEN r.trigger = 'schedule' THEN r.config -> 'tick' END AS tick,
            c.id AS "crawlerId", c.name AS "crawlerName", w.name AS workspace,
            jsonb_build_object('name', s.name, 'type', s.type, 'instance', s.instance) AS source
     FROM crawl_run r
     JOIN crawler c ON c.id = r.crawler_id
     JOIN workspace w ON w.id = c.workspace_id
     JOIN data_source s ON s.id = c.data_source_id
     WHERE r.id = ?`,
    [runId],
  );
  return run;
}
