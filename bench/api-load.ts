import { join } from 'node:path';
import pg from 'pg';
import { Client } from 'undici';
import { type ApiProcess, beside, startApi } from './api-process.js';
import { type LargeMap, makeLargeMap, SEES } from './large-map.js';
import { type Ask, closedLoad, type Load, pacedLoad } from './load.js';
import { percentile, printMeasures } from './print-measures.js';
import { processorSecondsOfPostgres } from './processor-time.js';
import { type BenchStack, startBenchStack } from './stack.js';

interface Options {
  tables: number;
  connections: number;
  /** Of each question in each mode. */
  seconds: number;
}

/** Milliseconds between two questions of a connection that is in no hurry. */
const PACE = 500;
const LIMIT = 100;
const LATE_PAGE = 10_000;
/** Seconds of each question that are not counted: connections, plans and compiled code come to be in them. */
const WARM_UP = 3;

/**
 * The built API asked on many connections for tables and pages of a list, by people who see different parts of the map, at a
 * steady pace and as fast as it answers; beside it the bare statements on as many connections to PostgreSQL.
 * Refuses to print figures when an answer is an error or not what was asked for, or when something hidden is shown.
 */
export async function benchApiLoad({ tables, connections, seconds }: Options): Promise<void> {
  const stack = await startBenchStack();
  try {
    const map = await makeLargeMap(stack, tables);
    try {
      console.error(`map: the large database has ${map.tables} tables`);
      const api = await startApi(beside(stack, map));
      try {
        const latePage = Math.min(LATE_PAGE, Math.floor(map.tables / LIMIT));
        const asked = await openQuestions(map, api, connections, latePage);
        const measured = await measureAll(stack, api, asked.questions, { connections, seconds });
        await asked.close();
        report({ tables: map.tables, connections, latePage, measured });
      } finally {
        await api.stop();
      }
    } finally {
      await map.close();
    }
  } finally {
    await stack.stop();
  }
}

type Questions = Record<string, Ask>;

/** Each question by name, the bare statements last. */
async function openQuestions(
  map: LargeMap,
  api: ApiProcess,
  connections: number,
  latePage: number,
): Promise<{ questions: Questions; close(): Promise<void> }> {
  const clients = Array.from({ length: connections }, () => new Client(api.url));
  const cookie = `datamap_session_${new URL(api.url).port}`;
  const headers: Record<string, string>[] = [];
  for (let n = 0; n < connections; n += 1) {
    const { session, token } = await map.letIn(SEES[n % SEES.length] as (typeof SEES)[number]);
    // Half of them are people with a browser, the others programs.
    headers.push(n % 2 === 0 ? { cookie: `${cookie}=${session}` } : { authorization: `Bearer ${token}` });
  }
  const get = async (client: Client, header: Record<string, string>, path: string) => {
    const { statusCode, body } = await client.request({ path: `/api/v1${path}`, method: 'GET', headers: header });
    return { status: statusCode, body: await body.text() };
  };
  const ask =
    (pathOf: (id: string) => string, fits: (body: string, id: string) => boolean): Ask =>
    async (connection, turn) => {
      const id = idOf(map, connection, turn);
      const path = pathOf(id);
      const { status, body } = await get(clients[connection] as Client, headers[connection] ?? {}, path);
      if (status !== 200) throw new Error(`${path} was answered ${status}: ${body}`);
      if (!fits(body, id)) throw new Error(`${path} was answered with something else: ${body.slice(0, 500)}`);
    };

  const { token } = await map.letIn('nothing of it');
  const list = `/entities?databaseId=${map.databaseId}`;
  const stranger = { authorization: `Bearer ${token}` };
  const hidden = [
    await get(clients[0] as Client, stranger, `/entities/${map.ids[0]}`),
    await get(clients[0] as Client, stranger, list),
  ];
  if (hidden[0]?.status !== 404 || (JSON.parse(hidden[1]?.body ?? '{}') as { items?: unknown[] }).items?.length !== 0)
    throw new Error('Somebody who may not see the large database is shown it');

  const late = await map.placeBefore(latePage, LIMIT);
  const bare = await openBare(map, connections, late);
  const isPage = (body: string) => body.split('"guid":').length === LIMIT + 1;
  return {
    questions: {
      'a table': ask(
        (id) => `/entities/${id}`,
        (body, id) => body.startsWith(`{"id":"${id}"`),
      ),
      'its columns': ask(
        (id) => `/tables/${id}/columns`,
        (body) => body.includes('"total":20'),
      ),
      'page 1': ask(() => list, isPage),
      [`page ${latePage}`]: ask(() => `${list}&cursor=${late.cursor}`, isPage),
      ...bare.questions,
    },
    close: async () => {
      await Promise.all([...clients.map((client) => client.close()), bare.close()]);
    },
  };
}

/** Different ones for each connection and turn, and scattered over the whole map. */
function idOf({ ids }: LargeMap, connection: number, turn: number): string {
  return ids[(turn * 50_021 + connection * 7_919) % ids.length] as string;
}

/** What PostgreSQL alone needs for a table and for a late page, prepared and without anybody's permissions. */
async function openBare(map: LargeMap, connections: number, late: { schema: string; name: string; id: string }) {
  const clients = Array.from({ length: connections }, () => new pg.Client(map.url));
  await Promise.all(clients.map((client) => client.connect()));
  const bare =
    (name: string, text: string, rows: number, valuesOf: (id: string) => unknown[]): Ask =>
    async (connection, turn) => {
      const values = valuesOf(idOf(map, connection, turn));
      const result = await (clients[connection] as pg.Client).query({ name, text, values });
      if (result.rows.length !== rows) throw new Error(`${result.rows.length} rows of a bare statement`);
    };
  return {
    questions: {
      'SELECT by key': bare('key', 'SELECT * FROM entity WHERE id = $1', 1, (id) => [id]),
      'SELECT of a late page': bare(
        'page',
        `SELECT id, guid, type, schema_name, name, owner, comment, column_count, version, changed_at
           FROM entity
          WHERE collected_database_id = $1 AND kind = 'table' AND removed_at IS NULL
            AND (schema_name, name, id) > ($2, $3, $4)
          ORDER BY schema_name, name, id
          LIMIT ${LIMIT}`,
        LIMIT,
        () => [map.databaseId, late.schema, late.name, late.id],
      ),
    } satisfies Questions,
    close: async () => {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}

interface Measure extends Load {
  /** Seconds of processor time of it all. */
  cpu: { api: number; catalog: number };
}

type Measured = Record<'paced' | 'closed', Record<string, Measure>>;

async function measureAll(
  stack: BenchStack,
  api: ApiProcess,
  questions: Questions,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Measured> {
  const cpu = () => ({
    api: api.cpu() / 1_000,
    catalog: processorSecondsOfPostgres(join(stack.directory, 'postgres')),
  });
  const measure = async (load: () => Promise<Load>): Promise<Measure> => {
    const before = cpu();
    const loaded = await load();
    const after = cpu();
    return { ...loaded, cpu: { api: after.api - before.api, catalog: after.catalog - before.catalog } };
  };
  const measured: Measured = { paced: {}, closed: {} };
  for (const [name, ask] of Object.entries(questions)) {
    // Other tables than those that are counted: who opens a page for the first time is counted too.
    await closedLoad(connections, WARM_UP, (connection, turn) => ask(connection, 1_000_000 + turn));
    measured.paced[name] = await measure(() => pacedLoad(connections, seconds, PACE, ask));
    measured.closed[name] = await measure(() =>
      closedLoad(connections, seconds, (connection, turn) => ask(connection, 10_000 + turn)),
    );
    console.error(`asked: ${name}`);
  }
  return measured;
}

function report(run: { tables: number; connections: number; latePage: number; measured: Measured }): void {
  const { tables, connections, measured } = run;
  const titles = {
    paced: `${connections} connections ask twice a second each, ${tables} tables; ms from when it was due; wanted: p99 50`,
    closed: `${connections} connections ask again at once, ${tables} tables; ms`,
  };
  const figures = (name: string, { took, seconds, cpu }: Measure) => ({
    answers: String(took.length),
    'answers a second': (took.length / seconds).toFixed(0),
    ...Object.fromEntries([50, 95, 99].map((percent) => [`p${percent}`, percentile(took, percent).toFixed(1)])),
    slowest: Math.max(...took).toFixed(1),
    'processor ms of the API': name.startsWith('SELECT') ? '' : ((cpu.api * 1_000) / took.length).toFixed(2),
    'processor ms of the catalog': ((cpu.catalog * 1_000) / took.length).toFixed(2),
  });
  for (const mode of ['paced', 'closed'] as const)
    printMeasures(
      titles[mode],
      Object.fromEntries(Object.entries(measured[mode]).map(([name, measure]) => [name, figures(name, measure)])),
    );
  for (const mode of ['paced', 'closed'] as const) {
    const [first, late] = ['page 1', `page ${run.latePage}`].map((name) => measured[mode][name]?.took ?? []);
    const ratio = (percent: number) => percentile(late ?? [], percent) / percentile(first ?? [], percent);
    console.log(
      `${mode}: late page to first: ${ratio(50).toFixed(2)} at the median, ${ratio(99).toFixed(2)} at p99; wanted: 2`,
    );
  }
  console.log(
    JSON.stringify({
      bench: 'api',
      tables,
      connections,
      ...Object.fromEntries(
        Object.entries(measured).map(([mode, kinds]) => [
          mode,
          Object.entries(kinds).map(([name, { took, seconds, cpu }]) => ({
            name,
            answers: took.length,
            seconds,
            p50: percentile(took, 50),
            p95: percentile(took, 95),
            p99: percentile(took, 99),
            cpu,
          })),
        ]),
      ),
    }),
  );
}
