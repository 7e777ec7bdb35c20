import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { indexTaskCode } from '../../search/index-task-code.js';
import type { CrawledCatalog } from '../fakes/crawled-catalog.js';
import { runEvent, tell } from '../lineage/told-events.js';
import { type ApiUnderTest, type Caller, type People, populate, startApi } from './api-under-test.js';
import { twoWorkspaces } from './two-workspaces.js';

let api: ApiUnderTest;
let people: People;
let ours: CrawledCatalog;
let theirs: CrawledCatalog;
/** Names of a table of ours, and of one of another workspace, as events name them. */
let mine: (place: number) => string;
let secret: string;

const LOAD = `-- Sales of each customer
INSERT INTO daily_sales
SELECT customer_id, sum(amount)
FROM sales
GROUP BY customer_id`;
const SCRIPT = `import pandas as pd


def loadCustomers(path):
    return pd.read_parquet(path)  # <i>客户</i>`;
const OVERDUE = 'SELECT invoice_id FROM invoices WHERE overdue';

const sql = (text: string) => ({ sql: { query: text } });
const source = (text: string, language?: string) => ({ sourceCode: { language, sourceCode: text } });

async function told(workspaceId: string | null, ...events: Parameters<typeof runEvent>[0][]): Promise<void> {
  for (const event of events) await tell(api.database, [runEvent(event)], { workspaceId });
  while (await indexTaskCode(api.database, 2));
}

beforeAll(async () => {
  api = await startApi();
  people = await populate(api);
  ({ ours, theirs, mine, secret } = await twoWorkspaces(api, people.viewer));
  await told(
    ours.workspaceId,
    { job: 'daily_sales', jobFacets: sql(LOAD), inputs: [mine(0)], outputs: [mine(1)] },
    { job: 'customerLoader', jobFacets: source(SCRIPT, 'Python'), inputs: ['s3://lake raw/customers'] },
    { job: 'check overdue', jobFacets: { ...sql(OVERDUE), ...source('echo overdue', 'bash') } },
    { job: 'nothing to read', jobFacets: source('  \n ', 'sql') },
    { job: 'unnamed', jobFacets: source('print sales') },
  );
});
afterAll(() => api.stop());

const search = async (query: string, as: Caller = people.viewer) =>
  api.call('GET', `/search?kind=task-code&${query}`, { as });
const namesOf = async (query: string, as?: Caller): Promise<string[]> => {
  const { status, body, text } = await search(query, as);
  expect(status, text).toBe(200);
  expect(body.hits).toEqual([]);
  expect(body.total).toBe(body.taskCode.length);
  return body.taskCode.map(({ name }: { name: string }) => name);
};

describe('A search for task code', () => {
  it('shows the lines with the words, and what the job says, reads and writes', async () => {
    const { body } = await search('q=customer%20amou');
    expect(body).toMatchObject({ hits: [], total: 1, totalIsExact: true, facets: {} });
    expect(body.taskCode[0]).toMatchObject({
      namespace: 'etl',
      name: 'daily_sales',
      segments: [{ text: 'daily_sales', match: false }],
      part: 'sql',
      language: 'sql',
      workspace: { id: ours.workspaceId },
      changedAt: expect.stringMatching(/Z$/),
      lines: [
        { number: 1, segments: [{ text: '-- Sales of each ' }, { text: 'customer', match: true }] },
        {
          number: 3,
          segments: [
            { text: 'SELECT ' },
            { text: 'customer', match: true },
            { text: '_id, sum(' },
            { text: 'amou', match: true },
            { text: 'nt)' },
          ],
        },
        { number: 5 },
      ],
      reads: { datasets: [{ entity: { name: 'orders_0_daily' } }], restricted: false, truncated: false },
      writes: { datasets: [{ entity: { name: 'orders_1_daily' } }], restricted: false, truncated: false },
    });
    const job = await api.call('GET', `/lineage-jobs/${body.taskCode[0].jobId}`, { as: people.viewer });
    expect(job.body.sql).toBe(LOAD);
  });

  it('finds names before code: whole, by parts, beginnings and typed together, and misspelt where nothing else is found', async () => {
    expect(await namesOf('q=daily_sales')).toEqual(['daily_sales']);
    expect(await namesOf('q=sales')).toEqual(['daily_sales', 'unnamed']);
    expect(await namesOf('q=dailysal')).toEqual(['daily_sales']);
    expect(await namesOf('q=loader%20customer')).toEqual(['customerLoader']);
    expect(await namesOf('q=load')).toEqual(['customerLoader']);
    expect(await namesOf('q=custmer%20loadre')).toEqual(['customerLoader']);
    expect((await search('q=custmer')).body.taskCode[0].segments).toEqual([
      { text: 'customer', match: true },
      { text: 'Loader', match: false },
    ]);
    expect(await namesOf('q=unheardof')).toEqual([]);
    expect(await namesOf('q=%E5%AE%A2%E6%88%B7')).toEqual(['customerLoader']);
    // What people type into any search.
    expect(await namesOf(`q=${encodeURIComponent(`parquet' | !(path) <-> :*`)}`)).toEqual(['customerLoader']);
  });

  it('of a job that only reads tells what the latest run read', async () => {
    const [found] = (await search('q=parquet')).body.taskCode;
    expect(found).toMatchObject({
      part: 'sourceCode',
      language: 'python',
      lines: [{ number: 5 }],
      reads: { datasets: [{ external: { name: 'raw/customers' } }] },
      writes: { datasets: [] },
    });
  });

  it('lists all without words, what changed last first, and both texts of a job that has two', async () => {
    const all = ['unnamed', 'check overdue', 'check overdue', 'customerLoader', 'daily_sales'];
    expect(await namesOf('')).toEqual(all);
    // That it is told again as it was is no change.
    await told(ours.workspaceId, { job: 'daily_sales', jobFacets: sql(LOAD), at: '2026-11-02T10:00:00Z' });
    expect(await namesOf('')).toEqual(all);
    const { body } = await search('q=overdue');
    expect(body.taskCode.map(({ part, language }: Record<string, string>) => [part, language])).toEqual([
      ['sql', 'sql'],
      ['sourceCode', 'bash'],
    ]);
  });

  it('is narrowed by language, namespace and workspace', async () => {
    expect(await namesOf('language=PYTHON&language=bash')).toEqual(['check overdue', 'customerLoader']);
    expect(await namesOf('q=overdue&language=bash')).toEqual(['check overdue']);
    expect(await namesOf('namespace=etl&q=daily')).toEqual(['daily_sales']);
    expect(await namesOf('namespace=elsewhere')).toEqual([]);
    expect(await namesOf(`workspaceId=${ours.workspaceId}&q=daily`)).toEqual(['daily_sales']);
    expect(await namesOf(`workspaceId=${people.workspaceId}`)).toEqual([]);
  });

  it('finds the text as it is told now, and no more the one before', async () => {
    await told(ours.workspaceId, { job: 'moves on', jobFacets: sql('SELECT aardvark') });
    expect(await namesOf('q=aardvark')).toEqual(['moves on']);
    await told(ours.workspaceId, { job: 'moves on', at: '2026-11-03T10:00:00Z', jobFacets: sql('SELECT bandicoot') });
    expect(await namesOf('q=aardvark')).toEqual([]);
    expect(await namesOf('q=bandicoot')).toEqual(['moves on']);
  });

  it('goes on page by page, of hits of every kind', async () => {
    for (const query of ['', 'q=sales', 'q=over%20%20chekc', 'q=s']) {
      const whole = (await search(`${query}&limit=100`)).body;
      const ids = ({ taskCode }: typeof whole) => taskCode.map((hit: Record<string, string>) => [hit.name, hit.part]);
      const paged: string[][] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined; ) {
        const { body } = await search(`${query}&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
        paged.push(...ids(body));
        cursor = body.nextCursor;
        expect(body.total).toBe(paged.length);
        expect(body.totalIsExact).toBe(cursor === undefined);
      }
      expect(paged, query).toEqual(ids(whole));
      expect(paged.length, query).toBeGreaterThan(1);
    }
  });

  it('refuses cursors of others, limits beyond, and other kinds and filters with it', async () => {
    const other = (await api.call('GET', '/lineage-jobs?limit=1', { as: people.viewer })).body.nextCursor;
    for (const cursor of ['nonsense', other])
      expect(await search(`cursor=${cursor}`)).toMatchObject({ status: 400, body: { code: 'INVALID_CURSOR' } });
    for (const query of ['limit=101', 'language='])
      expect(await search(query), query).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
    for (const query of ['kind=table', 'owner=x', 'hasLineage=true'])
      expect(await search(query), query).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } });
    for (const path of [
      '/search?language=sql',
      '/search?kind=table&namespace=etl',
      '/search/export.csv?kind=task-code',
    ])
      expect(await api.call('GET', path, { as: people.viewer }), path).toMatchObject({
        status: 400,
        body: { code: 'INVALID_INPUT', detail: expect.stringContaining('Task code is searched by itself') },
      });
  });
});

describe('Code that may not be read', () => {
  it('is neither found nor counted by who is not in the workspace whose events told it', async () => {
    for (const q of ['', 'q=daily_sales', 'q=customer', 'q=custmer'])
      expect(await namesOf(q, people.outsider)).toEqual([]);
    expect(await namesOf('q=daily_sales', people.tenantAdmin)).toEqual(['daily_sales']);
    // Public tables show the job, and not its words.
    await ours.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [ours.collectedDatabaseId]);
    const jobs = await api.call('GET', '/lineage-jobs?name=daily_sales', { as: people.outsider });
    expect(jobs.body.items).toHaveLength(1);
    expect(await namesOf('q=daily_sales', people.outsider)).toEqual([]);
    await ours.rows(`UPDATE collected_database SET visibility = 'workspace' WHERE id = ?`, [ours.collectedDatabaseId]);
  });

  it('because it moves a hidden table is neither found nor counted, by text, name or misspelling', async () => {
    await theirs.rows(`UPDATE collected_database SET visibility = 'tenant' WHERE id = ?`, [theirs.collectedDatabaseId]);
    await told(
      ours.workspaceId,
      { job: 'zebra join', jobFacets: sql('SELECT zebras FROM sales'), inputs: [secret], outputs: [mine(3)] },
      { job: 'zebra look', jobFacets: sql('SELECT zebras FROM sales'), inputs: [secret] },
    );
    expect(await namesOf('q=zebra')).toEqual(['zebra look', 'zebra join']);
    await theirs.rows(`UPDATE collected_database SET visibility = 'workspace' WHERE id = ?`, [
      theirs.collectedDatabaseId,
    ]);
    for (const q of ['zebra', 'zebras', 'zerba', 'zebra look', 'zebr'])
      expect(await namesOf(`q=${encodeURIComponent(q)}`), q).toEqual([]);
    expect(await namesOf('q=sales&limit=2')).toEqual(['daily_sales', 'unnamed']);
    expect((await search('limit=100')).text).not.toContain('zebra');
    expect(await namesOf('q=zebra', people.tenantAdmin)).toEqual(['zebra look', 'zebra join']);
  });

  it('of the whole tenant is for admins', async () => {
    await told(null, { job: 'for everybody', jobFacets: sql('SELECT quokka'), inputs: [mine(2)], outputs: [mine(3)] });
    expect(await namesOf('q=quokka')).toEqual([]);
    expect(await namesOf('q=quokka', people.tenantAdmin)).toEqual(['for everybody']);
  });
});
