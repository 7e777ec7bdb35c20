import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { createToken } from '../access/tokens.js';
import { query } from '../db/query.js';
import { type ApiProcess, beside, startApi } from './api-process.js';
import { openBenchSource } from './bench-source.js';
import { type Installation, install } from './installation.js';
import { benchEvents } from './openlineage-events.js';
import { percentile, printMeasures } from './print-measures.js';
import { processorSecondsOfPostgres } from './processor-time.js';
import { runToItsEnd } from './run-to-its-end.js';
import { type BenchStack, startBenchStack } from './stack.js';

/** Tables on the map that the events name, and jobs that send them. */
const TABLES = 1_000;
const JOBS = 500;
/** Requests under way at once: emitters are many and each waits for its answer. */
const SENDERS = 32;

/**
 * Sends events one by one at a rate to the built API, as clients do, while the built worker folds them, and waits until none
 * is left. Refuses to print figures when an event is lost, was refused, or could not be folded.
 */
export async function benchOpenLineage({ rate, seconds }: { rate: number; seconds: number }): Promise<void> {
  const stack = await startBenchStack();
  try {
    const source = await openBenchSource(stack, 'postgresql', TABLES);
    const installation = await install(stack, source, 'catalog');
    const api = await startApi(beside(stack, installation));
    try {
      await runToItsEnd(installation, installation);
      const measure = await measureEvents(stack, installation, api, rate * seconds, rate);
      report(rate, measure);
    } finally {
      await api.stop();
      await installation.close();
      await source.close();
    }
  } finally {
    await stack.stop();
  }
}

interface Measure {
  events: number;
  /** Events a second that were answered. */
  answered: number;
  p50: number;
  p99: number;
  /** Seconds after the last answer until all were folded. */
  behind: number;
  /** Milliseconds of processor time for each event. */
  cpu: { api: number; worker: number; catalog: number };
  edges: number;
}

async function measureEvents(
  stack: BenchStack,
  { database, worker, workspaceId }: Installation,
  api: ApiProcess,
  events: number,
  rate: number,
): Promise<Measure> {
  const [person] = await query<{ id: string }>(database, 'SELECT id FROM person LIMIT 1');
  const { token } = await createToken(database, person?.id ?? '', { name: 'bench' });
  const [{ instance = '' } = {}] = await query<{ instance: string }>(
    database,
    'SELECT instance FROM collected_database',
  );
  const tables = await query<{ name: string }>(
    database,
    `SELECT d.name || '.' || e.schema_name || '.' || e.name AS name
     FROM entity e JOIN collected_database d ON d.id = e.collected_database_id WHERE e.kind = 'table' ORDER BY e.id`,
  );
  const stream = benchEvents(
    JOBS,
    `postgres://${instance}`,
    tables.map(({ name }) => name),
  );
  const cpu = () => ({
    api: api.cpu() / 1_000,
    worker: worker.processorSeconds(),
    catalog: processorSecondsOfPostgres(join(stack.directory, 'postgres')),
  });
  const before = cpu();
  const began = performance.now();
  const took = await send(api.url, `/api/v1/lineage?workspaceId=${workspaceId}`, token, stream, events, rate);
  const answered = performance.now();
  const kept = () =>
    query<{ events: number; waiting: number; aside: number }>(
      database,
      `SELECT count(*)::int AS events, count(*) FILTER (WHERE folded_at IS NULL)::int AS waiting,
              count(problem)::int AS aside
       FROM lineage_event`,
    );
  for (let [state] = await kept(); state?.waiting !== 0; [state] = await kept()) await delay(200);
  const folded = performance.now();
  const after = cpu();
  const [state] = await kept();
  const [drawn] = await query<{ edges: number; jobs: number; known: number }>(
    database,
    `SELECT count(*)::int AS edges, count(DISTINCT l.process_id)::int AS jobs,
            count(DISTINCT u.entity_id)::int AS known
     FROM lineage_edge l
     JOIN lineage_process p ON p.id = l.process_id AND p.kind = 'job'
     JOIN lineage_node u ON u.id = l.upstream
     WHERE l.valid_to IS NULL`,
  );
  if (state?.events !== events || state.aside > 0)
    throw new Error(`Of ${events} events ${state?.events} are kept and ${state?.aside} could not be folded`);
  if (drawn?.jobs !== Math.min(JOBS, events / 2) || drawn.known === 0)
    throw new Error(`Edges of ${drawn?.jobs} jobs are drawn, from ${drawn?.known} tables of the map`);
  const each = (name: keyof typeof before) => ((after[name] - before[name]) * 1_000) / events;
  return {
    events,
    answered: (events * 1_000) / (answered - began),
    p50: percentile(took, 50),
    p99: percentile(took, 99),
    behind: (folded - answered) / 1_000,
    cpu: { api: each('api'), worker: each('worker'), catalog: each('catalog') },
    edges: drawn.edges,
  };
}

/** Milliseconds that each event waited for its answer. @throws when one is not taken */
async function send(
  url: string,
  path: string,
  token: string,
  stream: Generator<object>,
  events: number,
  rate: number,
): Promise<number[]> {
  const pool = new Pool(url, { connections: SENDERS });
  const took: number[] = [];
  const began = performance.now();
  let sent = 0;
  const sender = async () => {
    while (sent < events) {
      const place = sent;
      sent += 1;
      const due = began + (place * 1_000) / rate - performance.now();
      if (due > 1) await delay(due);
      const body = JSON.stringify(stream.next().value);
      const asked = performance.now();
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await pool.request({ path, method: 'POST', headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== 201) throw new Error(`An event was answered ${answer.statusCode}: ${text}`);
      took.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  await pool.close();
  return took;
}

function report(rate: number, measure: Measure): void {
  const { events, answered, p50, p99, behind, cpu, edges } = measure;
  printMeasures(`events of OpenLineage, one a request, ${rate} a second; wanted: 500 a second without loss`, {
    measured: {
      events: String(events),
      'answered a second': answered.toFixed(0),
      'ms until an answer, p50 and p99': `${p50.toFixed(1)}, ${p99.toFixed(1)}`,
      'seconds behind at the end': behind.toFixed(1),
      'processor ms an event: API': cpu.api.toFixed(2),
      'processor ms an event: worker': cpu.worker.toFixed(2),
      'processor ms an event: catalog': cpu.catalog.toFixed(2),
      'edges drawn': String(edges),
    },
  });
  console.log(JSON.stringify({ bench: 'openlineage', rate, ...measure }));
}
