import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import type { connectionTest } from '../../workflows/connection-test.js';
import {
  type ConnectionTestInput,
  connectionTestId,
  databaseListingId,
  deleteCrawlerId,
} from '../../workflows/contract.js';
import type { databaseListing } from '../../workflows/database-listing.js';
import type { deleteCrawler } from '../../workflows/delete-crawler.js';
import type { drainSearchOutbox } from '../../workflows/drain-search-outbox.js';
import { onStage, type Stage, stubControl, stubGroup } from './stub-workers.js';

const testOf = ({ client, queue, group }: Stage) => {
  const input: ConnectionTestInput = {
    testId: randomUUID(),
    dataSourceId: randomUUID(),
    dataSourceName: 'shop db',
    resourceGroup: group,
  };
  return client.workflow.start<typeof connectionTest>('connectionTest', {
    workflowId: connectionTestId(input.testId),
    taskQueue: queue,
    args: [input],
  });
};

describe('a connection test', () => {
  it('ends well when the source cannot be reached: that is its answer', async () => {
    const { activities, record } = stubControl([]);
    const answer = { passed: false, failure: { code: 'CONNECTION_REFUSED', message: 'db:5432 refused' } };
    const group = { ...stubGroup([]), checkSource: async () => answer };
    await onStage({ control: activities, group }, async (stage) => {
      expect(await (await testOf(stage)).result()).toEqual(answer);
      expect(record.closed).toEqual([]);
    });
  });

  it('is closed as failed within seconds when no worker serves the group', { timeout: 60_000 }, async () => {
    const { activities, record } = stubControl([]);
    await onStage({ control: activities }, async (stage) => {
      const handle = await testOf(stage);
      const error = await handle.result().catch((reason: unknown) => reason);
      expect((error as WorkflowFailedError).cause?.message).toContain(`No worker of resource group ${stage.group}`);
      expect(record.closed).toMatchObject([{ status: 'failed', failure: { code: 'RESOURCE_GROUP_WITHOUT_WORKER' } }]);
    });
  });

  it('can be cancelled while it runs', async () => {
    const { activities, record } = stubControl([]);
    let began = false;
    const checkSource = async () => {
      began = true;
      const timer = setInterval(() => Context.current().heartbeat(), 200);
      return Context.current().cancelled.finally(() => clearInterval(timer));
    };
    await onStage({ control: activities, group: { ...stubGroup([]), checkSource } }, async (stage) => {
      const handle = await testOf(stage);
      await expect.poll(() => began).toBe(true);
      await handle.cancel();
      await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      expect((await handle.describe()).status.name).toBe('CANCELLED');
      expect(record.closed).toMatchObject([{ status: 'cancelled' }]);
    });
  });
});

describe('a listing of databases', () => {
  it('leaves the cause in its row and in its own failure', async () => {
    const { activities, record } = stubControl([]);
    const listDatabases = async () => {
      throw ApplicationFailure.create({ type: 'BAD_CREDENTIALS', message: 'Wrong password', nonRetryable: true });
    };
    await onStage(
      { control: activities, group: { ...stubGroup([]), listDatabases } },
      async ({ client, queue, group }) => {
        const listingId = randomUUID();
        const input = { listingId, dataSourceId: randomUUID(), dataSourceName: 'shop db', resourceGroup: group };
        const handle = await client.workflow.start<typeof databaseListing>('databaseListing', {
          workflowId: databaseListingId(listingId),
          taskQueue: queue,
          args: [input],
        });
        const error = await handle.result().catch((reason: unknown) => reason);
        expect((error as WorkflowFailedError).cause?.message).toBe(
          'The databases of shop db could not be listed: Wrong password.',
        );
        expect(record.closed).toMatchObject([{ status: 'failed', failure: { code: 'BAD_CREDENTIALS' } }]);
      },
    );
  });
});

describe('the deletion of a crawler', () => {
  it('takes its steps in the one order that is safe to break off anywhere', async () => {
    const steps: string[] = [];
    const { activities } = stubControl([]);
    const noting = Object.fromEntries(
      (['removeSchedule', 'stopActiveRun', 'deleteCatalog', 'drainOutbox', 'dropCrawler'] as const).map((name) => [
        name,
        async () => {
          steps.push(name);
          return 12;
        },
      ]),
    );
    await onStage({ control: { ...activities, ...noting } }, async ({ client, queue, crawlerId }) => {
      const start = () =>
        client.workflow.start<typeof deleteCrawler>('deleteCrawler', {
          workflowId: deleteCrawlerId(crawlerId),
          workflowIdConflictPolicy: 'USE_EXISTING',
          taskQueue: queue,
          args: [{ crawlerId, crawlerName: 'shop crawler' }],
        });
      const [first, second] = await Promise.all([start(), start()]);
      expect(await first.result()).toEqual({ entities: 12 });
      expect(await second.result()).toEqual({ entities: 12 });
      // Beside the removal, what it has taken off the map is taken out of search; in which order they begin is all the same.
      expect(steps.splice(2, 2).sort()).toEqual(['deleteCatalog', 'drainOutbox']);
      expect(steps).toEqual(['removeSchedule', 'stopActiveRun', 'drainOutbox', 'dropCrawler']);
    });
  });

  it('does not wait for a search engine that is away', async () => {
    const { activities } = stubControl([]);
    const drainOutbox = async () => {
      throw ApplicationFailure.create({ type: 'SEARCH_UNAVAILABLE', message: 'The search engine is away' });
    };
    await onStage({ control: { ...activities, drainOutbox } }, async ({ client, queue, crawlerId }) => {
      const result = client.workflow.execute<typeof deleteCrawler>('deleteCrawler', {
        workflowId: deleteCrawlerId(crawlerId),
        taskQueue: queue,
        args: [{ crawlerId, crawlerName: 'shop crawler' }],
      });
      expect(await result).toEqual({ entities: 12 });
    });
  });
});

describe('the sweep of the outbox', () => {
  it('goes on until the search engine is back', async () => {
    const { activities } = stubControl([]);
    let attempts = 0;
    const drainOutbox = async () => {
      attempts += 1;
      if (attempts < 3) throw ApplicationFailure.create({ type: 'SEARCH_UNAVAILABLE', message: 'away' });
      return 7;
    };
    await onStage({ control: { ...activities, drainOutbox } }, async ({ client, queue }) => {
      const result = client.workflow.execute<typeof drainSearchOutbox>('drainSearchOutbox', {
        workflowId: `search-outbox-${randomUUID()}`,
        taskQueue: queue,
      });
      expect(await result).toEqual({ retired: 0, drained: 7 });
    });
  });
});
