import { Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { describe, expect, it, vi } from 'vitest';
import { crawlId } from '../../workflows/contract.js';
import { progressQuery } from '../../workflows/crawl.js';
import { onStage, type Stage, stubControl, stubGroup } from './stub-workers.js';

const refused = (message: string, code = 'PERMISSION_DENIED') =>
  ApplicationFailure.create({
    type: code,
    message,
    nonRetryable: true,
    details: [{ remedy: 'GRANT CONNECT ON DATABASE hr TO datamap;' }],
  });

/** A stub that only ends when its activity is cancelled, and then takes its time; heartbeats like the real one. */
function untilCancelled(log: string[], toAcknowledge = 0) {
  return async () => {
    const context = Context.current();
    const timer = setInterval(() => context.heartbeat(), 200);
    log.push('began');
    try {
      return await context.cancelled;
    } catch (error) {
      const end = Date.now() + toAcknowledge;
      await vi.waitUntil(() => Date.now() >= end, { timeout: toAcknowledge + 1_000, interval: 20 });
      log.push('acknowledged');
      throw error;
    } finally {
      clearInterval(timer);
    }
  };
}

/** Opens the stage whose control stubs answer with the stage's own resource group. */
async function play<T>(
  databases: string[],
  options: {
    lanes?: number;
    control?: (stubs: ReturnType<typeof stubControl>) => object;
    group?: object | 'no worker';
  },
  work: (stage: Stage, record: ReturnType<typeof stubControl>['record']) => Promise<T>,
): Promise<T> {
  let group = '';
  const stubs = stubControl(databases, { group: () => group, ...(options.lanes ? { lanes: options.lanes } : {}) });
  const control = { ...stubs.activities, ...options.control?.(stubs) };
  const activities =
    options.group === 'no worker' ? { control } : { control, group: { ...stubGroup(databases), ...options.group } };
  return onStage(activities, (stage) => {
    group = stage.group;
    return work(stage, stubs.record);
  });
}

describe('a crawl', () => {
  it('collects one database within 60 events and 64 KB of history', async () => {
    await play(['shop'], {}, async (stage, record) => {
      const handle = await stage.startCrawl();
      expect(await handle.result()).toMatchObject({ status: 'succeeded', counts: { tables: 3 } });
      expect(record).toMatchObject({ closed: [{ status: 'succeeded' }], published: ['shop'], failed: [] });
      const history = await handle.fetchHistory();
      const bytes = temporal.api.history.v1.History.encode(history).finish().length;
      console.info(`A run of one database: ${history.events?.length} events, ${bytes} bytes of history`);
      expect(history.events?.length).toBeLessThanOrEqual(60);
      expect(bytes).toBeLessThanOrEqual(64 * 1024);
    });
  });

  it('names what each of its steps is about, for whoever reads its history', async () => {
    await play(['shop'], {}, async (stage) => {
      const handle = await stage.startCrawl();
      await handle.result();
      const summaries = ((await handle.fetchHistory()).events ?? [])
        .filter(({ activityTaskScheduledEventAttributes }) => activityTaskScheduledEventAttributes)
        .map(({ userMetadata }) => JSON.parse(Buffer.from(userMetadata?.summary?.data ?? []).toString()));
      expect(summaries).toEqual([
        'Open the run of shop crawler',
        `List the databases in scope, on resource group ${stage.group}`,
        'First databases',
        'Collect database shop',
        'Publish database shop',
        'Bring search up to date',
        'Read views for their lineage',
        'Close the run',
      ]);
    });
  });

  it('is partial when one of its databases fails, and tells why without a retry of what no retry can mend', async () => {
    const collectUnit = vi.fn(async ({ database }: { database: string }) => {
      if (database === 'hr') throw refused('The account datamap may not connect to hr');
      return { tables: 3, changed: 3 };
    });
    await play(['shop', 'hr', 'sales'], { group: { collectUnit } }, async (stage, record) => {
      const handle = await stage.startCrawl();
      expect(await handle.result()).toMatchObject({ status: 'partial' });
      expect(record.failed).toEqual([{ database: 'hr', code: 'PERMISSION_DENIED' }]);
      expect(record.published.toSorted()).toEqual(['sales', 'shop']);
      expect(record.closed[0]).toMatchObject({ status: 'partial', failure: { code: 'PERMISSION_DENIED' } });
      expect(collectUnit).toHaveBeenCalledTimes(3);
      expect(await handle.query(progressQuery)).toMatchObject({
        phase: 'closing',
        unitsTotal: 3,
        unitsDone: 3,
        unitsFailed: 1,
        collecting: [],
      });
      expect(await currentDetails(stage)).toContain(
        'failed: `hr`: The account datamap may not connect to hr (GRANT CONNECT ON DATABASE hr TO datamap;)',
      );
    });
  });

  it('counts databases that the listing refused as done and failed', async () => {
    const failure = { database: 'gone', code: 'UNKNOWN_DATABASE', message: 'The source lists no database gone' };
    const discoverUnits = async () => ({ units: 2, failed: 1, failures: [failure] });
    const control = ({ record, activities }: ReturnType<typeof stubControl>) => {
      record.failed.push({ database: 'gone', code: 'UNKNOWN_DATABASE' });
      return activities;
    };
    await play(['shop', 'gone'], { group: { discoverUnits }, control }, async (stage, record) => {
      const handle = await stage.startCrawl();
      expect(await handle.result()).toMatchObject({ status: 'partial' });
      expect(record.published).toEqual(['shop']);
      expect(await handle.query(progressQuery)).toMatchObject({ unitsDone: 2, unitsFailed: 1 });
    });
  });

  it('fails with the causes in its message when every database fails', async () => {
    const collectUnit = async ({ database }: { database: string }) => {
      throw refused(`The account datamap may not connect to ${database}`);
    };
    await play(['hr', 'sales'], { group: { collectUnit } }, async (stage, record) => {
      const failure = await failureOf(await stage.startCrawl());
      expect(failure).toMatchObject({ type: 'PERMISSION_DENIED' });
      expect(failure.message).toMatch(/^Collecting shop crawler failed: 2 of 2 databases failed\. /);
      expect(failure.message).toContain('hr: The account datamap may not connect to hr');
      expect(failure.message).toContain('GRANT CONNECT ON DATABASE hr TO datamap;');
      expect(record.closed).toMatchObject([{ status: 'failed' }]);
    });
  });

  it('fails with the cause and changes nothing when the source cannot be listed', async () => {
    const discoverUnits = async () => {
      throw refused('db.example refused the password of datamap', 'BAD_CREDENTIALS');
    };
    await play(['shop'], { group: { discoverUnits } }, async (stage, record) => {
      const failure = await failureOf(await stage.startCrawl());
      expect(failure.message).toMatch(
        /^Collecting shop crawler failed while listing the databases in scope: db\.example refused the password/,
      );
      expect(record).toMatchObject({
        closed: [{ status: 'failed', failure: { code: 'BAD_CREDENTIALS' } }],
        published: [],
      });
    });
  });

  it('ends as failed when its crawler is gone', async () => {
    const openRun = async () => {
      throw ApplicationFailure.create({ type: 'CRAWLER_GONE', message: 'The crawler was deleted', nonRetryable: true });
    };
    await play(['shop'], { control: () => ({ openRun }) }, async (stage, record) => {
      expect(await failureOf(await stage.startCrawl())).toMatchObject({ type: 'CRAWLER_GONE' });
      expect(record.closed).toMatchObject([{ status: 'failed', failure: { code: 'CRAWLER_GONE' } }]);
    });
  });

  it('succeeds while the search engine is away', async () => {
    const drainOutbox = vi.fn(async () => {
      throw ApplicationFailure.create({ type: 'SEARCH_UNAVAILABLE', message: 'The search engine is away' });
    });
    await play(['shop'], { control: () => ({ drainOutbox }) }, async (stage) => {
      expect(await (await stage.startCrawl()).result()).toMatchObject({ status: 'succeeded' });
      expect(drainOutbox).toHaveBeenCalledTimes(3);
    });
  });

  it('collects no more databases at once than its lanes, and lets a slow one hold up nobody', async () => {
    const databases = Array.from({ length: 12 }, (_, index) => `d${index}`);
    const open = new Set<string>();
    let most = 0;
    let release: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => {
      release = resolve;
    });
    const collectUnit = async ({ database }: { database: string }) => {
      open.add(database);
      most = Math.max(most, open.size);
      if (database === 'd0') await slow;
      else if (database < 'd3') await vi.waitUntil(() => most >= 3, { timeout: 15_000 });
      open.delete(database);
      return { tables: 1, changed: 0 };
    };
    await play(databases, { lanes: 3, group: { collectUnit } }, async (stage, record) => {
      const handle = await stage.startCrawl();
      await expect
        .poll(() => handle.query(progressQuery), { timeout: 15_000 })
        .toMatchObject({ phase: 'collecting', unitsDone: 11, collecting: ['d0'] });
      expect(record.published).toHaveLength(11);
      expect(await currentDetails(stage)).toBe(
        '**shop crawler**: collecting\n\n- 11 of 12 databases done\n- now: `d0`',
      );
      release();
      await handle.result();
      expect(most).toBe(3);
    });
  });
});

describe('a stop', () => {
  it('closes the run only after the worker has let go of the source', async () => {
    const log: string[] = [];
    await play(['shop'], { group: { collectUnit: untilCancelled(log, 1_000) } }, async (stage, record) => {
      const handle = await stage.startCrawl();
      await expect.poll(() => log).toEqual(['began']);
      const asked = Date.now();
      await handle.cancel();
      const error = await handle.result().catch((reason: unknown) => reason);
      console.info(`Stop to closed: ${Date.now() - asked} ms, of which 1000 ms the activity took to let go`);
      expect(log).toEqual(['began', 'acknowledged']);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect((error as WorkflowFailedError).cause).toBeInstanceOf(CancelledFailure);
      expect((await handle.describe()).status.name).toBe('CANCELLED');
      expect(record).toMatchObject({ closed: [{ status: 'stopped' }], published: [] });
      expect(Date.now() - asked).toBeLessThan(5_000);
    });
  });

  it('ends every lane', async () => {
    const log: string[] = [];
    const databases = ['a', 'b', 'c', 'd'];
    await play(databases, { lanes: 3, group: { collectUnit: untilCancelled(log) } }, async (stage, record) => {
      const handle = await stage.startCrawl();
      await expect.poll(() => log.length).toBe(3);
      await handle.cancel();
      await handle.result().catch(() => undefined);
      expect(log.filter((entry) => entry === 'acknowledged')).toHaveLength(3);
      expect(log).toHaveLength(6);
      expect(record.closed).toMatchObject([{ status: 'stopped' }]);
    });
  });

  it('is immediate while no worker serves the resource group', async () => {
    await play(['shop'], { group: 'no worker' }, async (stage, record) => {
      const handle = await stage.startCrawl();
      await expect.poll(() => handle.query(progressQuery)).toMatchObject({ phase: 'listing' });
      expect(await currentDetails(stage)).toMatch(/waits here while the resource group has no free capacity/);
      const asked = Date.now();
      await handle.cancel();
      await handle.result().catch(() => undefined);
      expect(Date.now() - asked).toBeLessThan(2_000);
      expect(record.closed).toMatchObject([{ status: 'stopped' }]);
    });
  });

  it('before the first step closes the queued run too', async () => {
    const control = ({ activities }: ReturnType<typeof stubControl>) => ({
      ...activities,
      openRun: async () => {
        throw ApplicationFailure.create({ type: 'INTERNAL', message: 'the database is away' });
      },
    });
    await play(['shop'], { control }, async (stage, record) => {
      const handle = await stage.startCrawl();
      await expect.poll(async () => (await handle.describe()).historyLength).toBeGreaterThan(4);
      await handle.cancel();
      await handle.result().catch(() => undefined);
      expect((await handle.describe()).status.name).toBe('CANCELLED');
      expect(record.closed).toMatchObject([{ status: 'stopped' }]);
    });
  });
});

async function failureOf(handle: Awaited<ReturnType<Stage['startCrawl']>>): Promise<ApplicationFailure> {
  const error = await handle.result().then(
    () => expect.fail('the crawl succeeded'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WorkflowFailedError);
  const { cause } = error as WorkflowFailedError;
  expect(cause).toBeInstanceOf(ApplicationFailure);
  return cause as ApplicationFailure;
}

/** What Temporal's own UI shows as the current details of the stage's crawl. */
async function currentDetails({ client, crawlerId }: Stage): Promise<string> {
  const metadata = await client.workflow
    .getHandle(crawlId(crawlerId))
    .query<{ currentDetails?: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails ?? '';
}
