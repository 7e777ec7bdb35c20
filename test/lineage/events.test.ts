import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acceptEvents } from '../../lineage/events/accept-events.js';
import { openLineageEvent } from '../../lineage/events/event-shape.js';
import { foldEvents } from '../../lineage/events/fold-events.js';
import { giveBackBorrowed, lookAgainAfterRun } from '../../lineage/events/look-again.js';
import { type CrawledCatalog, crawledCatalog } from '../fakes/crawled-catalog.js';
import { SyntheticSource } from '../fakes/synthetic-source.js';
import { testDatabase } from '../servers/test-database.js';
import { columnLineage, edgesOf, runEvent, tell } from './told-events.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeEach(async () => {
  catalog = await testDatabase();
});
afterEach(() => catalog.drop());

const edges = () => edgesOf(catalog.database);
const rows = async <Row>(sql: string, bindings: unknown[] = []) =>
  (await catalog.database.raw<{ rows: Row[] }>(sql, bindings as string[])).rows;

/** A map with tables `orders_<n>_daily` in the schema area_0 of the database shop, and the namespace of its server. */
async function crawled(tables = 3): Promise<{ map: CrawledCatalog; source: SyntheticSource; namespace: string }> {
  const source = new SyntheticSource(tables, 1);
  const map = await crawledCatalog(catalog.database, source);
  await map.crawl();
  const [{ instance = '' } = {}] = await map.rows<{ instance: string }>('SELECT instance FROM collected_database');
  return { map, source, namespace: `postgres://${instance}` };
}

describe('edges of a run', () => {
  it('go from each of its inputs to each of its outputs', async () => {
    await tell(catalog.database, [runEvent({ inputs: ['s3://a in1', 's3://a in2'], outputs: ['s3://a out'] })]);
    expect(await edges()).toEqual(['nightly: in1 -> out', 'nightly: in2 -> out']);
  });

  it('join inputs of its start and outputs of its end, and nothing of another run', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    await tell(
      catalog.database,
      [
        runEvent({ type: 'COMPLETE', run: one, outputs: ['s3://a out'] }),
        runEvent({ type: 'START', run: other, inputs: ['s3://a elsewhere'] }),
        runEvent({ type: 'START', run: one, inputs: ['s3://a in'] }),
      ],
      { at: 1 },
    );
    expect(await edges()).toEqual(['nightly: in -> out']);
    expect(await rows('SELECT state, ended_at IS NOT NULL AS ended FROM lineage_run ORDER BY id')).toEqual([
      { state: 'COMPLETE', ended: true },
      { state: 'START', ended: false },
    ]);
  });

  it('have columns, direct ones and those that only decide which rows there are', async () => {
    const facet = columnLineage(
      {
        total: [
          ['s3://a in amount', 'DIRECT AGGREGATION'],
          ['s3://a in day', 'INDIRECT GROUP_BY'],
          ['s3://a in kind', 'INDIRECT CONDITIONAL'],
        ],
        day: [['s3://a in day', 'DIRECT IDENTITY']],
        label: [['s3://a names label']],
      },
      [['s3://a codes code', 'INDIRECT JOIN']],
    );
    await tell(catalog.database, [
      runEvent({
        inputs: ['s3://a in', 's3://a names', 's3://a codes'],
        outputs: [['s3://a out', { columnLineage: facet }]],
      }),
    ]);
    expect(await edges()).toEqual([
      'nightly: codes ~> out (code join )',
      'nightly: in -> out (day group , day direct day, amount aggregation total, kind conditional total)',
      'nightly: names -> out (label direct label)',
    ]);
  });

  it('are of the latest columns, whichever event comes first', async () => {
    const told = (at: string, column: string) =>
      runEvent({
        at,
        outputs: [
          ['s3://a out', { columnLineage: columnLineage({ x: [[`s3://a in ${column}`, 'DIRECT IDENTITY']] }) }],
        ],
      });
    await tell(catalog.database, [told('2026-11-02T00:00:00Z', 'new'), told('2026-11-01T00:00:00Z', 'old')], { at: 1 });
    expect(await edges()).toEqual(['nightly: in -> out (new direct x)']);
  });
});

it('An event of a job or of a data set draws edges without a run, each by itself', async () => {
  const common = { eventTime: '2026-11-01T10:00:00+02:00', producer: 'https://x', schemaURL: 'https://y' };
  const job = (from: string, to: string) =>
    openLineageEvent.parse({
      ...common,
      job: { namespace: 'etl', name: 'designed' },
      inputs: [{ namespace: 's3://a', name: from }],
      outputs: [{ namespace: 's3://a', name: to }],
    });
  const facets = { columnLineage: columnLineage({ x: [['s3://a in y', 'DIRECT IDENTITY']] }) };
  const dataset = openLineageEvent.parse({ ...common, dataset: { namespace: 's3://a', name: 'itself', facets } });
  await tell(catalog.database, [job('a', 'b'), job('c', 'd'), dataset]);
  expect(await edges()).toEqual(['designed: a -> b', 'designed: c -> d', 'itself: in -> itself (y direct x)']);
});

it('The same event again is no other event, and changes nothing', async () => {
  const event = runEvent({ inputs: ['s3://a in'], outputs: ['s3://a out'] });
  await tell(catalog.database, [event, event]);
  const before = await rows('SELECT * FROM lineage_edge');
  await tell(catalog.database, [event]);
  expect(await rows('SELECT * FROM lineage_edge')).toEqual(before);
  expect(await rows('SELECT count(*)::int AS n FROM lineage_event')).toEqual([{ n: 1 }]);
});

describe('a name', () => {
  it('stands for the table of the map on that server, however its namespace is written and whether its schema is named', async () => {
    const { namespace } = await crawled();
    const written = namespace.replace('postgres://', 'PostgreSQL://loader:pass@').toUpperCase();
    await tell(catalog.database, [
      runEvent({
        inputs: [`${namespace} shop.area_0.orders_0_daily`],
        outputs: [`${written} shop.area_0.orders_1_daily`, `${namespace} shop.area_0.missing`],
      }),
    ]);
    expect(await edges()).toEqual([
      'nightly: orders_0_daily -> orders_1_daily',
      'nightly: orders_0_daily -> shop.area_0.missing',
    ]);
    expect(await rows(`SELECT DISTINCT namespace FROM lineage_dataset`)).toEqual([{ namespace }]);
  });

  it('that the map does not have stands for the table as soon as it comes', async () => {
    const { map, source, namespace } = await crawled(1);
    await tell(catalog.database, [runEvent({ inputs: ['s3://a in'], outputs: [`${namespace} shop.area_0.late`] })]);
    expect(await edges()).toEqual(['nightly: in -> shop.area_0.late']);
    source.put({ ...source.get(SyntheticSource.keyOf(0)), key: '7', name: 'late' });
    const { runId } = await map.crawl();
    await lookAgainAfterRun(catalog.database, runId);
    await tell(catalog.database, []);
    expect(await edges()).toEqual(['nightly: in -> late']);
  });

  it('is also the one that another name of the same thing stands for', async () => {
    const { namespace } = await crawled();
    const identifiers = [{ namespace, name: 'shop.area_0.orders_2_daily', type: 'TABLE' }];
    const files = 's3://lake warehouse/orders';
    await tell(catalog.database, [runEvent({ job: 'reads files', inputs: [files], outputs: ['s3://a out'] })]);
    await tell(catalog.database, [
      runEvent({ inputs: ['s3://a in'], outputs: [[files, { symlinks: { identifiers } }]] }),
    ]);
    expect(await edges()).toEqual(['nightly: in -> orders_2_daily', 'reads files: orders_2_daily -> out']);
  });

  it('outside of the map is that of the table and not of its files, whichever is told first', async () => {
    const identifiers = [{ namespace: 's3://lake', name: 'files', type: 'LOCATION' }];
    await tell(catalog.database, [
      runEvent({ job: 'reads files', inputs: ['s3://lake files'], outputs: ['s3://a out'] }),
    ]);
    await tell(catalog.database, [
      runEvent({ inputs: ['s3://a in'], outputs: [['hive://meta:9083 db.table', { symlinks: { identifiers } }]] }),
    ]);
    expect(await edges()).toEqual(['nightly: in -> db.table', 'reads files: db.table -> out']);
  });
});

it('A workspace speaks of its own tables and of public ones, and not of what others hide', async () => {
  const { map, namespace } = await crawled();
  const [elsewhere] = await rows<{ id: string }>(`INSERT INTO workspace (name) VALUES ('elsewhere') RETURNING id`);
  const workspaceId = elsewhere?.id ?? '';
  const event = runEvent({
    inputs: [`${namespace} shop.area_0.orders_0_daily`],
    outputs: ['s3://a out', `${namespace} shop.area_0.orders_1_daily`],
  });
  const outside = [
    'nightly: shop.area_0.orders_0_daily -> out',
    'nightly: shop.area_0.orders_0_daily -> shop.area_0.orders_1_daily',
  ];
  await tell(catalog.database, [event], { workspaceId });
  expect(await edges()).toEqual(outside);
  await map.rows(`UPDATE collected_database SET visibility = 'tenant'`);
  await map.rows('UPDATE lineage_dataset SET look_again = true');
  await tell(catalog.database, []);
  // Between two tables of others it has no say.
  expect(await edges()).toEqual(['nightly: orders_0_daily -> out']);
  await map.rows(`UPDATE collected_database SET visibility = 'workspace'`);
  await giveBackBorrowed(catalog.database);
  await tell(catalog.database, []);
  expect(await edges()).toEqual(outside);
});

it('What a data set or job says of itself is kept, the latest of each', async () => {
  const schema = (field: string) => ({ schema: { fields: [{ name: field }] } });
  const jobFacets = {
    sql: { query: 'INSERT INTO out SELECT * FROM in' },
    ownership: { owners: [{ name: 'team:etl' }] },
  };
  await tell(catalog.database, [
    runEvent({ at: '2026-11-02T00:00:00Z', outputs: [['s3://a out', schema('new')]], jobFacets }),
    runEvent({ at: '2026-11-01T00:00:00Z', outputs: [['s3://a out', { ...schema('old'), x_unknown: { a: 1 } }]] }),
  ]);
  const [told] = await rows<{ facets: Record<string, { facet: unknown }> }>('SELECT facets FROM lineage_dataset');
  expect(told?.facets).toMatchObject({ ...facet(schema('new')), x_unknown: { facet: { a: 1 } } });
  expect(await rows('SELECT sql, evidence FROM lineage_process')).toMatchObject([
    { sql: jobFacets.sql.query, evidence: { namespace: 'etl', facets: { ownership: jobFacets.ownership } } },
  ]);
});

const facet = (facets: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(facets).map(([name, value]) => [name, { facet: value }]));

it('A table that was dropped, truncated or renamed by a job stays on the map', async () => {
  const change = (lifecycleStateChange: string) => ({ lifecycleStateChange: { lifecycleStateChange } });
  await tell(catalog.database, [
    runEvent({ inputs: ['s3://a in'], outputs: [['s3://a out', change('OVERWRITE')]] }),
    runEvent({ at: '2026-11-03T00:00:00Z', outputs: [['s3://a out', change('DROP')]] }),
  ]);
  expect(await edges()).toEqual(['nightly: in -> out']);
  expect(
    await rows(`SELECT facets -> 'lifecycleStateChange' -> 'facet' AS change FROM lineage_dataset WHERE name = 'out'`),
  ).toEqual([{ change: { lifecycleStateChange: 'DROP' } }]);
});

it('An event that cannot be folded is set aside, and the others are folded', async () => {
  const events = ['a', 'b', 'c'].map((name) => runEvent({ inputs: [`s3://a ${name}`], outputs: ['s3://a out'] }));
  await tell(catalog.database, []);
  await acceptEvents(catalog.database, { workspaceId: null, personId: randomUUID() }, events);
  await rows(`UPDATE lineage_event SET event = replace(event, '2026-11-01T10', 'never') WHERE event LIKE '%"b"%'`);
  const failed = [];
  for (let remaining = true; remaining; ) {
    const batch = await foldEvents(catalog.database, 100);
    failed.push(batch.failed);
    remaining = batch.remaining;
  }
  expect(failed.reduce((sum, n) => sum + n, 0)).toBe(1);
  expect(await edges()).toEqual(['nightly: a -> out', 'nightly: c -> out']);
  expect(await rows(`SELECT event LIKE '%"b"%' AS bad FROM lineage_event WHERE problem IS NOT NULL`)).toEqual([
    { bad: true },
  ]);
});

it('Events of a workspace that is gone are refused, and those that came at the same time are kept', async () => {
  const accept = (workspaceId: string | null, name: string) =>
    acceptEvents(catalog.database, { workspaceId, personId: randomUUID() }, [
      runEvent({ outputs: [`s3://a ${name}`] }),
    ]);
  const told = ['a', 'b', 'c', 'd'].map((name) => accept(name === 'c' ? randomUUID() : null, name));
  expect((await Promise.allSettled(told)).map(({ status }) => status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'fulfilled',
  ]);
  await expect(told[2]).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await rows('SELECT count(*)::int AS n FROM lineage_event')).toEqual([{ n: 3 }]);
});

it('Text that PostgreSQL does not take is kept without it', async () => {
  await tell(catalog.database, [
    runEvent({ inputs: ['s3://a i\0n'], outputs: [['s3://a out', { documentation: { description: 'half \ud800' } }]] }),
  ]);
  expect(await edges()).toEqual(['nightly: in -> out']);
});
