import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OpenLineageEvent } from '../../lineage/events/event-shape.js';
import { testDatabase } from '../servers/test-database.js';
import { columnLineage, edgesOf, runEvent, tell } from './told-events.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

const NAMES = ['a', 'b', 'c', 'd'];
const name = fc.constantFrom(...NAMES.map((letter) => `s3://lake ${letter}`));
const column = fc.constantFrom('x', 'y');
const use = fc.constantFrom('DIRECT IDENTITY', 'DIRECT AGGREGATION', 'INDIRECT FILTER', 'INDIRECT WINDOW');
const columns = fc
  .array(fc.record({ of: column, from: name, field: column, use }), { maxLength: 4 })
  .map((uses) =>
    columnLineage(
      Object.fromEntries(
        ['x', 'y'].map((of) => [
          of,
          uses.filter((one) => one.of === of).map((one): [string, string] => [`${one.from} ${one.field}`, one.use]),
        ]),
      ),
    ),
  );
const symlinks = fc
  .array(fc.record({ letter: fc.constantFrom(...NAMES), type: fc.constantFrom('TABLE', 'LOCATION') }), { maxLength: 1 })
  .map((found) => ({
    identifiers: found.map(({ letter, type }) => ({ namespace: 'hive://meta:9083', name: `db.${letter}`, type })),
  }));
const output = fc
  .record({ name, columnLineage: columns, symlinks }, { requiredKeys: ['name'] })
  .map(({ name: of, ...facets }): [string, Record<string, unknown>] => [of, facets]);

const RUNS = [1, 2, 3].map((number) => `018f0000-0000-7000-8000-00000000000${number}`);

/** Events of runs of one job, which start, go on and end at various times; some say which runs are parts of the same. */
const anyEvents = fc.array(
  fc.record({
    type: fc.constantFrom('START', 'RUNNING', 'COMPLETE', 'FAIL', 'OTHER'),
    at: fc.integer({ min: 0, max: 5 }).map((minute) => `2026-11-01T10:0${minute}:00Z`),
    run: fc.constantFrom(...RUNS),
    facets: fc.constantFrom({}, ...RUNS.slice(0, 2).map((runId) => ({ parent: { run: { runId } } }))),
    inputs: fc.array(name, { maxLength: 3 }),
    outputs: fc.array(output, { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 7 },
);

/** Runs that say at their start what they read and at their end what they wrote, most of them to their end. */
const wholeRuns = fc
  .array(
    fc.record({
      from: fc.integer({ min: 0, max: 1 }),
      minutes: fc.integer({ min: 0, max: 3 }),
      end: fc.constantFrom('COMPLETE', 'COMPLETE', 'COMPLETE', 'FAIL'),
      inputs: fc.subarray(['s3://lake a', 's3://lake b'], { minLength: 1 }),
      parent: fc.option(fc.constantFrom(...RUNS), { nil: undefined, freq: 4 }),
    }),
    { minLength: 2, maxLength: 3 },
  )
  .map((runs) =>
    runs.flatMap(({ from, minutes, end, inputs, parent }, place) => {
      const facets = parent === undefined ? {} : { parent: { run: { runId: parent } } };
      const told = { run: RUNS[place] ?? '', facets, inputs: [] as string[], outputs: [] as string[] };
      const at = (minute: number) => `2026-11-01T10:${10 + minute}:00Z`;
      return [
        { ...told, type: 'START', at: at(3 * place + from), inputs },
        { ...told, type: end, at: at(3 * place + from + minutes), outputs: ['s3://lake c'] },
      ];
    }),
  );
const events: fc.Arbitrary<Parameters<typeof runEvent>[0][]> = fc.oneof(anyEvents, wholeRuns);

/** The events in another order, some of them again, told in parts of another size. */
const retold = <T>(all: readonly T[]) =>
  fc.record({
    order: fc.shuffledSubarray([...all], { minLength: all.length }),
    again: fc.subarray([...all]),
    at: fc.integer({ min: 1, max: 4 }),
  });

async function edgesWhenTold(told: readonly OpenLineageEvent[], at: number): Promise<string[]> {
  await catalog.database.raw(
    `TRUNCATE lineage_event, lineage_dataset, lineage_process, lineage_node, search_outbox RESTART IDENTITY CASCADE`,
  );
  await tell(catalog.database, told, { at });
  return edgesOf(catalog.database);
}

async function endedFlows(): Promise<number> {
  const { rows } = await catalog.database.raw<{ rows: { n: number }[] }>(
    'SELECT count(*)::int AS n FROM lineage_job_flow WHERE ended_at IS NOT NULL',
  );
  return rows[0]?.n ?? 0;
}

it('Events of runs give the same edges in any order, however often they come and in whatever parts', async () => {
  let drawn = 0;
  let ended = 0;
  await fc.assert(
    fc.asyncProperty(
      events.chain((all) => fc.record({ all: fc.constant(all), retold: retold(all) })),
      async ({ all, retold: { order, again, at } }) => {
        const once = await edgesWhenTold(all.map(runEvent), 100);
        drawn += once.length;
        ended += await endedFlows();
        expect(await edgesWhenTold([...order, ...again].map(runEvent), at)).toEqual(once);
      },
    ),
    { numRuns: 40 },
  );
  // How many is chance; without any, nothing was shown of them.
  expect(drawn).toBeGreaterThan(0);
  expect(ended).toBeGreaterThan(0);
}, 240_000);
