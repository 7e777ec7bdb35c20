import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Plan } from '../catalog/crawlers/plan.js';
import { createCrawler } from '../catalog/crawlers/write-crawlers.js';
import { query } from '../db/query.js';
import { type Installation, install } from './installation.js';
import { percentile, printMeasures } from './print-measures.js';
import { type BenchStack, startBenchStack } from './stack.js';

const TABLES = 20;
/** Between the last schedule written and the minute at which all are due. */
const HEADROOM = 20_000;
const MINUTE = 60_000;

/** What became of the crawlers that were due. Milliseconds and bytes. */
interface FleetMeasure {
  runs: number;
  succeeded: number;
  /** From the minute at which it was due until a run was opened, and until its database began to be read. */
  opened: number[];
  collecting: number[];
  lastEnded: number;
  peakResident: number;
  /** Most sessions that the source had at once. */
  mostSessions: number;
}

/**
 * Lets many crawlers fall due in the same minute on a worker of four slots, each with a database of twenty tables of
 * its own, and measures how long they waited. Refuses to print figures when one is missing or its map is incomplete.
 * @param options.schedules crawlers with a schedule; those beyond `due` have theirs half a year away
 * @param options.kill kills the worker with SIGKILL once a third has ended, and starts another
 */
export async function benchFleet(options: { schedules: number; due: number; kill: boolean }): Promise<void> {
  const stack = await startBenchStack();
  try {
    await fillDatabases(stack, options.due);
    const fleet = await install(
      stack,
      { type: 'postgresql', url: stack.postgres, database: nameOf(0) },
      'fleet_catalog',
    );
    try {
      report(options, await measure(stack, fleet, options));
    } finally {
      await fleet.close();
    }
  } finally {
    await stack.stop();
  }
}

const nameOf = (place: number): string => `fleet_${place}`;

/** One database with twenty tables, copied as often as crawlers are due. */
async function fillDatabases(stack: BenchStack, count: number): Promise<void> {
  const template = new pg.Client(await stack.createDatabase(nameOf(0)));
  await template.connect();
  for (let table = 0; table < TABLES; table += 1) {
    await template.query(`CREATE TABLE table_${table} (id bigint PRIMARY KEY, name text, created_at timestamptz)`);
  }
  await template.end();
  const admin = new pg.Client(stack.postgres);
  await admin.connect();
  for (let place = 1; place < count; place += 1) {
    await admin.query(`CREATE DATABASE ${nameOf(place)} TEMPLATE ${nameOf(0)}`);
  }
  await admin.end();
}

async function measure(
  stack: BenchStack,
  fleet: Installation,
  { schedules, due, kill }: { schedules: number; due: number; kill: boolean },
): Promise<FleetMeasure> {
  const perSchedule = 30;
  const dueAt = new Date(Math.ceil((Date.now() + HEADROOM + schedules * perSchedule) / MINUTE) * MINUTE);
  await schedule(fleet, { schedules, due, dueAt });
  if (Date.now() >= dueAt.getTime()) throw new Error('Writing the schedules took until they were due');
  const sessions = watchSessions(stack.postgres);
  let worker = fleet.worker;
  let peakResident = 0;
  for (let killed = !kill; ; ) {
    const ended = await countEnded(fleet);
    peakResident = Math.max(peakResident, worker.peakResident());
    if (ended === due) break;
    if (!killed && ended > due / 3) {
      killed = true;
      await worker.kill();
      worker = await fleet.startWorker();
    }
    await delay(250);
  }
  const mostSessions = await sessions.stop();
  if (worker !== fleet.worker) await worker.stop();
  await assertWhole(fleet, due);
  const runs = await query<{ status: string; opened: number; collecting: number; ended: number }>(
    fleet.database,
    `SELECT r.status,
            extract(epoch FROM r.started_at - :dueAt::timestamptz)::float * 1000 AS opened,
            extract(epoch FROM u.started_at - :dueAt::timestamptz)::float * 1000 AS collecting,
            extract(epoch FROM r.ended_at - :dueAt::timestamptz)::float * 1000 AS ended
       FROM crawl_run r
       LEFT JOIN crawl_unit u ON u.run_id = r.id
      WHERE r.trigger = 'schedule'`,
    { dueAt },
  );
  return {
    runs: runs.length,
    succeeded: runs.filter(({ status }) => status === 'succeeded').length,
    opened: runs.map(({ opened }) => opened),
    collecting: runs.map(({ collecting }) => collecting),
    lastEnded: Math.max(...runs.map(({ ended }) => ended)),
    peakResident,
    mostSessions,
  };
}

/** Makes the crawlers and their schedules, the due ones last. The one that `install` made stays manual. */
async function schedule(
  { database, orchestrator, workspaceId, dataSourceId, resourceGroupId, crawlerId, crawlerName }: Installation,
  { schedules, due, dueAt }: { schedules: number; due: number; dueAt: Date },
): Promise<void> {
  const [minute, hour] = [dueAt.getUTCMinutes(), dueAt.getUTCHours()];
  const dueNow: Plan = { mode: 'cycle', every: 'day', hour, minute, timeZone: 'UTC' };
  const farMonth = ((dueAt.getUTCDate() + 14) % 28) + 1;
  const dueLater: Plan = { mode: 'cycle', every: 'month', days: [farMonth], hour, minute, timeZone: 'UTC' };
  for (let place = schedules - 1; place >= 0; place -= 1) {
    const plan = place < due ? dueNow : dueLater;
    const { id, name } =
      place === 0
        ? { id: crawlerId, name: crawlerName }
        : await createCrawler(database, {
            workspaceId,
            name: `fleet ${place}`,
            dataSourceId,
            resourceGroupId,
            databases: [nameOf(place)],
            plan,
          });
    await orchestrator.applySchedule({ id, name, plan, paused: false, resourceGroupId });
  }
}

async function countEnded({ database }: Installation): Promise<number> {
  const [row] = await query<{ ended: number }>(
    database,
    `SELECT count(*)::int AS ended FROM crawl_run WHERE trigger = 'schedule' AND ended_at IS NOT NULL`,
  );
  return row?.ended ?? 0;
}

async function assertWhole({ database }: Installation, due: number): Promise<void> {
  const [row] = await query<{ tables: number; runs: number }>(
    database,
    `SELECT (SELECT count(*)::int FROM entity WHERE kind = 'table' AND removed_at IS NULL) AS tables,
            (SELECT count(DISTINCT crawler_id)::int FROM crawl_run WHERE status = 'succeeded') AS runs`,
  );
  if (row?.tables !== due * TABLES || row.runs !== due)
    throw new Error(
      `${row?.runs} of ${due} crawlers succeeded and ${row?.tables} of ${due * TABLES} tables are on the map`,
    );
}

/** Counts the source's sessions of crawls four times a second. */
function watchSessions(url: string): { stop(): Promise<number> } {
  let watching = true;
  let most = 0;
  const done = (async () => {
    const admin = new pg.Client(url);
    await admin.connect();
    while (watching) {
      const { rows } = await admin.query<{ sessions: number }>(
        `SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE datname ~ '^fleet_[0-9]+$'`,
      );
      most = Math.max(most, rows[0]?.sessions ?? 0);
      await delay(250);
    }
    await admin.end();
  })();
  return {
    stop: async () => {
      watching = false;
      await done;
      return most;
    },
  };
}

function report(options: { schedules: number; due: number; kill: boolean }, measure: FleetMeasure): void {
  const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(1);
  const name = `${options.due} due at once`;
  printMeasures(
    `${options.schedules} schedules, ${name}, one worker of four slots${options.kill ? ', killed once' : ''}; wanted: all done, p99 until opened 30 s, 1 GB`,
    {
      [name]: {
        'runs, of them succeeded': `${measure.runs}, ${measure.succeeded}`,
        'seconds until opened, p50': seconds(percentile(measure.opened, 50)),
        'seconds until opened, p99': seconds(percentile(measure.opened, 99)),
        'seconds until collecting, p50': seconds(percentile(measure.collecting, 50)),
        'seconds until collecting, p99': seconds(percentile(measure.collecting, 99)),
        'seconds until the last ended': seconds(measure.lastEnded),
        'worker peak RSS, MB': (measure.peakResident / 1024 / 1024).toFixed(0),
        'most sessions at the source': String(measure.mostSessions),
      },
    },
  );
  const { opened, collecting, ...rest } = measure;
  console.log(
    JSON.stringify({
      bench: 'fleet',
      ...options,
      ...rest,
      openedP99: percentile(opened, 99),
      collectingP99: percentile(collecting, 99),
    }),
  );
}
