import { storedJson } from '../../catalog/model/stored-text.js';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { drawJobs, jobsNaming, markSeen } from './draw-jobs.js';
import type { OpenLineageEvent } from './event-shape.js';
import { factsOf } from './facts.js';
import { gather, type WaitingEvent } from './gather.js';
import {
  recordColumnFlows,
  recordDatasets,
  recordJobs,
  recordRunDatasets,
  recordRunFlows,
  recordRuns,
  recordSymlinks,
  runKey,
} from './record-facts.js';
import { resolveDatasets } from './resolve-datasets.js';
import { settleFlows } from './settle-flows.js';
import { inTurn } from './turns.js';

export interface Folded {
  /** Events that wait no more. */
  folded: number;
  /** Of them, those that could not be read; their rows tell why. */
  failed: number;
  /** There may be more. */
  remaining: boolean;
}

/** As it was taken, in JSON. */
type TakenEvent = WaitingEvent & { event: string; receivedAt: Date };

const NOTHING: Folded = { folded: 0, failed: 0, remaining: false };

/**
 * Folds the events that have waited longest into the map: what each says is kept as facts that do not depend on the order
 * of events, and the edges of the jobs whose facts changed are drawn again. One folds at a time; whoever comes while
 * another does finds nothing to do. An event that cannot be folded is set aside, and none of the others with it.
 */
export async function foldEvents(database: Database, limit: number): Promise<Folded> {
  try {
    return (await inTurn(database, (transaction) => foldBatch(transaction, limit))) ?? NOTHING;
  } catch (error) {
    if (!isOfData(error)) throw error;
    if (limit > 1) return foldEvents(database, Math.ceil(limit / 4));
    return setAside(database, error);
  }
}

async function foldBatch(transaction: Database, limit: number): Promise<Folded> {
  const waiting = await query<TakenEvent>(
    transaction,
    `SELECT id, workspace_id AS "workspaceId", encode(digest, 'hex') AS digest, event,
            received_at AS "receivedAt"
     FROM lineage_event
     WHERE folded_at IS NULL
     ORDER BY id
     LIMIT ?`,
    [limit],
  );
  if (waiting.length === 0) return NOTHING;
  await fold(transaction, waiting);
  await query(transaction, 'UPDATE lineage_event SET folded_at = now() WHERE id = ANY(?::bigint[])', [
    waiting.map(({ id }) => id),
  ]);
  return { folded: waiting.length, failed: 0, remaining: waiting.length === limit };
}

async function fold(transaction: Database, waiting: readonly TakenEvent[]): Promise<void> {
  const batch = gather(waiting.map((one) => ({ ...one, facts: factsOf(parse(one.event), one) })));
  const datasets = [...batch.datasets.values()];
  const ids = await recordDatasets(transaction, datasets);
  const datasetIds = new Map([...batch.datasets.keys()].map((key, place) => [key, ids[place] ?? '']));
  const idOf = (key: string) => datasetIds.get(key) ?? '';
  const renamed = await recordSymlinks(
    transaction,
    batch.symlinks.map(({ dataset, ...name }) => ({ datasetId: idOf(dataset), ...name })),
  );
  const jobs = await recordJobs(transaction, [...batch.jobs.values()]);
  const runs = await recordRuns(
    transaction,
    [...batch.runs.values()].map(({ job, ...run }) => ({ ...run, processId: jobs.get(job) ?? '' })),
  );
  const runId = ({ job, key }: { job: string; key: string }) =>
    runs.get(runKey({ processId: jobs.get(job) ?? '', key })) ?? '';
  await recordRunDatasets(
    transaction,
    batch.runDatasets.map(({ dataset, output, ...run }) => ({ runId: runId(run), datasetId: idOf(dataset), output })),
  );
  const { changed, seen } = await recordRunFlows(transaction, [...runs.values()]);
  const recoloured = await recordColumnFlows(
    transaction,
    [...batch.flows.values()].map(({ job, upstream, downstream, ...flow }) => ({
      ...flow,
      processId: jobs.get(job) ?? '',
      upstream: idOf(upstream),
      downstream: idOf(downstream),
    })),
  );
  const settled = await settleFlows(transaction, [...jobs.values()]);
  const unresolved = await query<{ id: string }>(
    transaction,
    'SELECT id FROM lineage_dataset WHERE id = ANY(?::bigint[]) AND node_id IS NULL',
    [ids],
  );
  const moved = await resolveDatasets(transaction, [...unresolved.map(({ id }) => id), ...renamed]);
  const again = new Set([...changed, ...recoloured, ...settled, ...(await jobsNaming(transaction, moved))]);
  await drawJobs(transaction, [...again]);
  await markSeen(
    transaction,
    seen.filter(({ processId }) => !again.has(processId)),
  );
}

/** Escapes of what JSON may hold and PostgreSQL's does not take: NUL, and halves of surrogate pairs. */
const HARD = /\\u(0000|d[89a-f][0-9a-f]{2})/i;

function parse(text: string): OpenLineageEvent {
  const event = JSON.parse(text) as OpenLineageEvent;
  return HARD.test(text) ? (JSON.parse(storedJson(event)) as OpenLineageEvent) : event;
}

/** Sets the first event aside that waits, because it cannot be folded. */
async function setAside(database: Database, error: unknown): Promise<Folded> {
  const problem = (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
  const aside = await query(
    database,
    `UPDATE lineage_event
     SET folded_at = now(), problem = ?
     WHERE id = (SELECT min(id) FROM lineage_event WHERE folded_at IS NULL)
     RETURNING 1`,
    [problem],
  );
  return { folded: aside.length, failed: aside.length, remaining: true };
}

/** Whether the values are what PostgreSQL does not take (classes 22, 23 and 54), so that trying again would not help. */
function isOfData(error: unknown): boolean {
  if (error instanceof RangeError || error instanceof TypeError) return true;
  return error instanceof Error && 'code' in error && /^(22|23|54)/.test(String(error.code));
}
