import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { crawlId } from '../../workflows/contract.js';
import { onStage, stubControl, stubGroup } from './stub-workers.js';

/** A stage whose one database takes until `release`, so that the crawl stays open. */
function openCrawl() {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const stage = { group: '' };
  const { activities, record } = stubControl(['shop'], { group: () => stage.group });
  const group = {
    ...stubGroup(['shop']),
    collectUnit: async () => {
      const context = Context.current();
      const timer = setInterval(() => context.heartbeat(), 200);
      try {
        await Promise.race([released, context.cancelled]);
        return { tables: 1, changed: 1 };
      } finally {
        clearInterval(timer);
      }
    },
  };
  return { activities: { control: activities, group }, record, stage, release };
}

describe('a tick of a schedule', () => {
  it('runs the crawl under the crawler’s own id and takes its outcome', async () => {
    const { activities, record, stage, release } = openCrawl();
    await onStage(activities, async ({ group, client, crawlerId, startTick }) => {
      stage.group = group;
      release();
      const tick = await startTick();
      expect(await tick.result()).toEqual({ outcome: 'succeeded' });
      expect(record.closed).toMatchObject([{ status: 'succeeded' }]);
      const crawl = await client.workflow.getHandle(crawlId(crawlerId)).describe();
      expect(crawl.status.name).toBe('COMPLETED');
      expect(await crawl.staticSummary()).toBe('Collect metadata: shop crawler');
      expect(
        Object.fromEntries(crawl.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])),
      ).toMatchObject({ CrawlerId: crawlerId, ResourceGroup: group, Trigger: 'schedule' });
    });
  });

  it('records a skipped run, and is no failure, while a run is open', async () => {
    const { activities, record, stage, release } = openCrawl();
    await onStage(activities, async ({ group, startCrawl, startTick }) => {
      stage.group = group;
      const manual = await startCrawl();
      expect(await (await startTick()).result()).toEqual({ outcome: 'skipped' });
      expect(record.skipped).toHaveLength(1);
      release();
      expect(await manual.result()).toMatchObject({ status: 'succeeded' });
    });
  });

  it('started together with a manual run never makes two runs, whichever comes first', async () => {
    const { activities, record, stage } = openCrawl();
    let opened = 0;
    let open = 0;
    let most = 0;
    const openRun = activities.control.openRun;
    activities.control.openRun = async (request) => {
      opened += 1;
      open += 1;
      most = Math.max(most, open);
      return openRun(request);
    };
    const finishRun = activities.control.finishRun;
    activities.control.finishRun = async (request) => {
      open -= 1;
      return finishRun(request);
    };
    activities.group.collectUnit = async () => {
      await delay(60);
      return { tables: 1, changed: 1 };
    };
    await onStage(activities, async ({ group, startCrawl, startTick }) => {
      stage.group = group;
      let refused = 0;
      const rounds = 24;
      for (let round = 0; round < rounds; round += 1) {
        const early = round % 2 === 0;
        const wait = round * 10;
        const tick = early ? await startTick() : delay(wait).then(() => startTick());
        const manual = (early ? delay(wait) : Promise.resolve())
          .then(() => startCrawl())
          .catch((error: unknown) => {
            expect(error).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
            refused += 1;
            return undefined;
          });
        await (await tick).result();
        await (await manual)?.result();
      }
      expect(most).toBe(1);
      expect(opened + record.skipped.length + refused).toBe(2 * rounds);
      console.info(`${rounds} races: ${opened} runs, ${record.skipped.length} skipped, ${refused} refused`);
      expect(record.skipped.length).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
    });
  });

  it('is no failure when someone stops the crawl', async () => {
    const { activities, record, stage } = openCrawl();
    await onStage(activities, async ({ group, client, crawlerId, startTick }) => {
      stage.group = group;
      const tick = await startTick();
      const crawl = client.workflow.getHandle(crawlId(crawlerId));
      await expect
        .poll(
          async () => (await crawl.describe().catch(() => undefined))?.raw.pendingActivities?.[0]?.activityType?.name,
        )
        .toBe('collectUnit');
      await crawl.cancel();
      expect(await tick.result()).toEqual({ outcome: 'stopped' });
      expect(record.closed).toMatchObject([{ status: 'stopped' }]);
    });
  });

  it('that is stopped itself stops its crawl with all its cleanup', async () => {
    const { activities, record, stage } = openCrawl();
    await onStage(activities, async ({ group, client, crawlerId, startTick }) => {
      stage.group = group;
      const tick = await startTick();
      const crawl = client.workflow.getHandle(crawlId(crawlerId));
      await expect
        .poll(
          async () => (await crawl.describe().catch(() => undefined))?.raw.pendingActivities?.[0]?.activityType?.name,
        )
        .toBe('collectUnit');
      await tick.cancel();
      await expect(tick.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      expect((await tick.describe()).status.name).toBe('CANCELLED');
      expect((await crawl.describe()).status.name).toBe('CANCELLED');
      expect(record.closed).toMatchObject([{ status: 'stopped' }]);
    });
  });

  it('fails with the crawl’s own cause', async () => {
    const { activities, stage } = openCrawl();
    activities.control.openRun = async () => {
      throw ApplicationFailure.create({ type: 'CRAWLER_GONE', message: 'The crawler was deleted', nonRetryable: true });
    };
    await onStage(activities, async ({ group, startTick }) => {
      stage.group = group;
      const error = await (await startTick()).result().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      const { cause } = error as WorkflowFailedError;
      expect(cause).toMatchObject({ type: 'CRAWLER_GONE' });
      expect(cause?.message).toContain('The crawler was deleted');
    });
  });
});
