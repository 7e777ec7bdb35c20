import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CrawledCatalog } from '../fakes/crawled-catalog.js';
import { runEvent, tell } from '../lineage/told-events.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';
import { twoWorkspaces } from './two-workspaces.js';

let api: ApiUnderTest;
let people: People;
let ours: CrawledCatalog;
/** Of no workspace: sees what is public within the tenant alone. */
let passerBy: Caller;

/** Names of a table of ours, and of one of another workspace, as events name them. */
let mine: (place: number) => string;
let secret: string;

const about = {
  documentation: { description: 'Sales of a day' },
  ownership: { owners: [{ name: 'team:sales', type: 'MAINTAINER' }, { name: 7 }] },
  jobType: { processingType: 'BATCH', integration: 'SPARK', jobType: 'SQL_JOB' },
  tags: { tags: [{ key: 'tier', value: 'gold', source: 'CONFIG' }] },
  sourceCodeLocation: { type: 'git', url: 'https://bot:hunter2@git.example/loader.git', version: 'abc' },
  sourceCode: { language: 'sql', sourceCode: 'select * from ours' },
  sql: { query: 'INSERT INTO daily SELECT * FROM ours' },
};
const run = randomUUID();
const application = randomUUID();

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  passerBy = await api.person('passer-by');
  ({ ours, mine, secret } = await twoWorkspaces(api, people.viewer));
});
afterAll(() => api.stop());

const get = async (path: string, as: Caller = people.viewer) => api.call('GET', path, { as });
const jobNamed = async (name: string, as: Caller = people.viewer) =>
  (await get(`/lineage-jobs?name=${encodeURIComponent(name)}`, as)).body.items[0];
const telling = (workspaceId: string | null, ...events: Parameters<typeof tell>[1]) =>
  tell(api.database, events, { workspaceId });

describe('A job', () => {
  beforeAll(async () => {
    const facets = {
      parent: { run: { runId: application }, job: { namespace: 'etl', name: 'application' } },
      nominalTime: { nominalStartTime: '2026-11-01T00:00:00Z' },
      processing_engine: { name: 'spark', version: '3.5.6' },
      errorMessage: { message: 'relation ours is away', programmingLanguage: 'SQL', stackTrace: 'at line 1' },
    };
    const job = { job: 'daily sales', jobFacets: about };
    await telling(
      ours.workspaceId,
      runEvent({ ...job, type: 'START', at: '2026-11-01T10:00:00Z', run, facets, inputs: [mine(0), 's3://lake raw'] }),
      runEvent({ ...job, type: 'FAIL', at: '2026-11-01T10:05:00Z', run, facets, outputs: [mine(1)] }),
    );
  });

  it('is read with what it says of itself', async () => {
    const { id } = await jobNamed('DAILY sal');
    const { status, body } = await get(`/lineage-jobs/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      namespace: 'etl',
      name: 'daily sales',
      workspace: { id: ours.workspaceId },
      latestRun: {
        runId: run,
        state: 'FAIL',
        startedAt: '2026-11-01T10:00:00.000Z',
        endedAt: '2026-11-01T10:05:00.000Z',
      },
      type: { processingType: 'BATCH', integration: 'SPARK', jobType: 'SQL_JOB' },
      documentation: 'Sales of a day',
      tags: [{ key: 'tier', value: 'gold', source: 'CONFIG' }],
      sourceCodeLocation: { url: 'https://git.example/loader.git', version: 'abc', branch: null },
      sourceCode: { language: 'sql', text: 'select * from ours' },
      sql: 'INSERT INTO daily SELECT * FROM ours',
      restricted: false,
    });
    // One of its owners is not of the form that the facet has: then none is said.
    expect(body.owners).toEqual([]);
  });

  it('has runs, with how they ended, what they are part of, and what they read and wrote', async () => {
    const { id } = await jobNamed('daily sales');
    const { body } = await get(`/lineage-jobs/${id}/runs`);
    expect(body).toMatchObject({
      restricted: false,
      items: [
        {
          runId: run,
          state: 'FAIL',
          startedAt: '2026-11-01T10:00:00.000Z',
          endedAt: '2026-11-01T10:05:00.000Z',
          nominalTime: { start: '2026-11-01T00:00:00Z', end: null },
          engine: { name: 'spark', version: '3.5.6' },
          error: { message: 'relation ours is away', programmingLanguage: 'SQL', stackTrace: 'at line 1' },
          parent: { runId: application, namespace: 'etl', name: 'application' },
        },
      ],
    });
    const [{ inputs, outputs }] = body.items;
    expect(inputs).toMatchObject({ restricted: false, truncated: false });
    expect(inputs.datasets.map(nameOf).sort()).toEqual(['orders_0_daily', 'raw']);
    expect(outputs.datasets.map(nameOf)).toEqual(['orders_1_daily']);
  });

  it('is nothing to those who see neither its workspace nor all of its databases', async () => {
    const { id } = await jobNamed('daily sales');
    for (const path of [`/lineage-jobs/${id}`, `/lineage-jobs/${id}/runs`])
      expect((await get(path, passerBy)).status).toBe(404);
    expect(await jobNamed('daily sales', passerBy)).toBeUndefined();
  });

  it('is shown without its words to others who see its tables, which are public', async () => {
    const { id } = await jobNamed('daily sales');
    await ours.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [ours.collectedDatabaseId]);
    const { body } = await get(`/lineage-jobs/${id}`, passerBy);
    expect(body).toMatchObject({ name: 'daily sales', sql: null, sourceCode: null, restricted: true });
    const runs = await get(`/lineage-jobs/${id}/runs`, passerBy);
    expect(runs.body).toMatchObject({ restricted: true, items: [{ state: 'FAIL', error: null, parent: null }] });
    const [{ inputs }] = runs.body.items;
    expect(inputs.datasets.map(nameOf)).toEqual(['orders_0_daily']);
    expect(inputs.restricted).toBe(true);
    expect(JSON.stringify([body, runs.body])).not.toMatch(/lake|raw|ours is away|select|INSERT/);
    await ours.rows(`UPDATE collected_database SET visibility = 'workspace' WHERE id = ?`, [ours.collectedDatabaseId]);
  });
});

describe('A job of the whole tenant', () => {
  it('that joins what one may see with what is hidden is nothing but to admins', async () => {
    const told = { job: 'joins two teams', inputs: [mine(2), secret], outputs: [mine(3)], jobFacets: about };
    await telling(null, runEvent(told));
    const job = await jobNamed('joins two', people.tenantAdmin);
    expect((await get(`/lineage-jobs/${job.id}`, people.tenantAdmin)).body).toMatchObject({ sql: about.sql.query });
    expect(await jobNamed('joins two')).toBeUndefined();
    expect((await get(`/lineage-jobs/${job.id}`)).status).toBe(404);
    expect((await get(`/lineage-jobs/${job.id}/runs`)).status).toBe(404);
  });

  it('has no words for others, and says of runs that read what is hidden that there is something', async () => {
    const job = { job: 'looks elsewhere', jobFacets: about };
    await telling(
      null,
      runEvent({ ...job, at: '2026-11-01T10:00:00Z', inputs: [mine(2)], outputs: [mine(3)] }),
      runEvent({ ...job, at: '2026-11-01T11:00:00Z', inputs: [mine(2), secret] }),
    );
    const { id } = await jobNamed('looks elsewhere');
    const [{ inputs }] = (await get(`/lineage-jobs/${id}/runs`)).body.items;
    expect(inputs).toMatchObject({ restricted: true });
    expect(inputs.datasets.map(nameOf)).toEqual(['orders_2_daily']);
    expect((await get(`/lineage-jobs/${id}`)).body).toMatchObject({ sql: null, restricted: true });
  });
});

it('Jobs and runs are read page by page, and by namespace and workspace', async () => {
  const job = 'many runs';
  await telling(ours.workspaceId, runEvent({ job: 'another' }));
  await telling(
    ours.workspaceId,
    ...Array.from({ length: 5 }, (_, minute) => runEvent({ job, at: `2026-11-02T10:0${minute}:00.123456Z` })),
  );
  const { id } = await jobNamed(job);
  const read = async (path: string, found: string[] = [], cursor = ''): Promise<string[]> => {
    const { body } = await get(`${path}limit=2${cursor}`);
    const names = body.items.map((item: { runId?: string; lastEventAt: string; name: string }) =>
      item.runId === undefined ? item.name : item.lastEventAt,
    );
    const all = [...found, ...names];
    return body.nextCursor === undefined ? all : read(path, all, `&cursor=${encodeURIComponent(body.nextCursor)}`);
  };
  expect(await read(`/lineage-jobs/${id}/runs?`)).toEqual(
    [4, 3, 2, 1, 0].map((minute) => `2026-11-02T10:0${minute}:00.123Z`),
  );
  expect(await read(`/lineage-jobs?workspaceId=${ours.workspaceId}&namespace=etl&`)).toEqual([
    'many runs',
    'another',
    'daily sales',
  ]);
  expect(await read('/lineage-jobs?namespace=elsewhere&')).toEqual([]);
  expect((await get(`/lineage-jobs/${id}/runs?cursor=nonsense`)).body).toMatchObject({ code: 'INVALID_CURSOR' });
});

const nameOf = ({ entity, external }: { entity: { name: string } | null; external: { name: string } | null }) =>
  entity?.name ?? external?.name;
