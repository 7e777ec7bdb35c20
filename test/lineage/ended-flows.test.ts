import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '../servers/test-database.js';
import { columnLineage, edgesOf, runEvent, tell } from './told-events.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeEach(async () => {
  catalog = await testDatabase();
});
afterEach(() => catalog.drop());

const told = (...events: Parameters<typeof tell>[1]) => tell(catalog.database, events);
const edges = () => edgesOf(catalog.database);
const [A, B, OUT] = ['s3://lake a', 's3://lake b', 's3://lake out'];
const at = (time: string) => `2026-11-01T${time}:00Z`;
const partOf = (runId: string) => ({ parent: { run: { runId }, job: { namespace: 'etl', name: 'application' } } });

describe('What a job moves', () => {
  it('ends with the beginning of a run that completed without naming it, and the past keeps it', async () => {
    await told(runEvent({ at: at('10:00'), inputs: [A, B], outputs: [OUT] }));
    await catalog.database.raw(`UPDATE lineage_edge SET valid_from = '${at('10:00')}'`);
    const run = randomUUID();
    await told(runEvent({ type: 'START', run, at: at('11:00'), inputs: [A], outputs: [OUT] }));
    expect(await edges()).toEqual(['nightly: a -> out', 'nightly: b -> out']);
    await told(runEvent({ run, at: at('11:30') }));
    expect(await edges()).toEqual(['nightly: a -> out']);
    const { rows } = await catalog.database.raw<{ rows: { valid_to: Date }[] }>(
      'SELECT valid_to FROM lineage_edge WHERE valid_to IS NOT NULL',
    );
    expect(rows.map(({ valid_to: end }) => end.toISOString())).toEqual(['2026-11-01T11:00:00.000Z']);
  });

  it('is what all events of its run name together', async () => {
    await told(runEvent({ at: at('10:00'), inputs: [A, B], outputs: [OUT] }));
    const run = randomUUID();
    await told(
      runEvent({ type: 'START', run, at: at('11:00'), inputs: [A] }),
      runEvent({ run, at: at('11:30'), outputs: [OUT] }),
    );
    await told(runEvent({ type: 'RUNNING', run, at: at('11:10'), inputs: [B] }));
    expect(await edges()).toEqual(['nightly: a -> out', 'nightly: b -> out']);
  });

  it.each(['FAIL', 'ABORT', 'RUNNING', 'OTHER'])('goes on when a run is at %s', async (type) => {
    await told(runEvent({ at: at('10:00'), inputs: [A], outputs: [OUT] }));
    await told(runEvent({ type, at: at('11:00'), inputs: [B], outputs: [OUT] }));
    expect(await edges()).toEqual(['nightly: a -> out', 'nightly: b -> out']);
  });

  it('goes on when a run completed that did not say what it reads or what it writes', async () => {
    await told(runEvent({ at: at('10:00'), inputs: [A], outputs: [OUT] }));
    await told(runEvent({ at: at('11:00') }), runEvent({ at: at('11:01'), inputs: [B] }));
    expect(await edges()).toEqual(['nightly: a -> out']);
  });

  it('is what all runs of the same parent name, one after the other', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await told(
      runEvent({ at: at('10:00'), inputs: [A], outputs: [OUT], facets: partOf(first) }),
      runEvent({ at: at('10:05'), inputs: [B], outputs: [OUT], facets: partOf(first) }),
    );
    expect(await edges()).toEqual(['nightly: a -> out', 'nightly: b -> out']);
    await told(runEvent({ at: at('11:00'), inputs: [B], outputs: [OUT], facets: partOf(second) }));
    expect(await edges()).toEqual(['nightly: b -> out']);
  });

  it('is what runs name that go on at the same time', async () => {
    const run = randomUUID();
    await told(
      runEvent({ type: 'START', run, at: at('10:00'), inputs: [A], outputs: [OUT] }),
      runEvent({ at: at('10:30'), inputs: [B], outputs: [OUT] }),
      runEvent({ run, at: at('11:00') }),
    );
    expect(await edges()).toEqual(['nightly: a -> out', 'nightly: b -> out']);
  });

  it('begins again with a run that names it, and not with an event that comes late', async () => {
    await told(runEvent({ at: at('11:00'), inputs: [A], outputs: [OUT] }));
    const facet = { columnLineage: columnLineage({ y: [['s3://lake b x']] }) };
    await told(runEvent({ at: at('10:00'), inputs: [B], outputs: [[OUT, facet]] }));
    expect(await edges()).toEqual(['nightly: a -> out']);
    await told(runEvent({ type: 'FAIL', at: at('12:00'), inputs: [B], outputs: [OUT] }));
    expect(await edges()).toEqual(['nightly: a -> out', 'nightly: b -> out (x direct y)']);
    await told(runEvent({ at: at('13:00'), inputs: [B], outputs: [OUT] }));
    expect(await edges()).toEqual(['nightly: b -> out (x direct y)']);
  });

  it('is not frozen by an event from the future, which a broken clock tells', async () => {
    await told(runEvent({ at: '9999-01-01T00:00:00Z', inputs: [A], outputs: [OUT] }));
    expect(await edges()).toEqual(['nightly: a -> out']);
    const later = new Date(Date.now() + 3_600_000).toISOString();
    await told(runEvent({ at: later, inputs: [B], outputs: [OUT] }));
    expect(await edges()).toEqual(['nightly: b -> out']);
  });

  it('is seen again by every run, however soon it follows the one before', async () => {
    const seen = async () => {
      const { rows } = await catalog.database.raw<{ rows: { lately: boolean }[] }>(
        `SELECT last_seen > now() - interval '1 hour' AS lately FROM lineage_edge`,
      );
      return rows.map(({ lately }) => lately);
    };
    await told(runEvent({ at: at('10:00'), inputs: [A], outputs: [OUT] }));
    for (const time of ['10:01', '10:02']) {
      await catalog.database.raw(`UPDATE lineage_edge SET last_seen = now() - interval '1 day'`);
      await told(runEvent({ at: at(time), inputs: [A], outputs: [OUT] }));
      expect(await seen()).toEqual([true]);
    }
    await catalog.database.raw(`UPDATE lineage_edge SET last_seen = now() - interval '1 day'`);
    await told(runEvent({ at: at('09:00'), inputs: [A], outputs: [OUT] }));
    expect(await seen()).toEqual([false]);
  });

  it('of one job does not end with the run of another', async () => {
    await told(runEvent({ at: at('10:00'), inputs: [A], outputs: [OUT] }));
    await told(runEvent({ job: 'hourly', at: at('11:00'), inputs: [B], outputs: [OUT] }));
    expect(await edges()).toEqual(['hourly: b -> out', 'nightly: a -> out']);
  });
});
