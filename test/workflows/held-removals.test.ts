import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it, vi } from 'vitest';
import { HOLD_DECIDED, heldRemovalsId, heldRemovalsStart } from '../../workflows/contract.js';
import type { drainSearchOutbox } from '../../workflows/drain-search-outbox.js';
import type { heldRemovals } from '../../workflows/held-removals.js';
import { onStage, type Stage, stubControl } from './stub-workers.js';

const start = ({ client, queue, crawlerId }: Stage, msLeft: number) =>
  client.workflow.start<typeof heldRemovals>('heldRemovals', {
    ...heldRemovalsStart({ id: randomUUID(), crawlerId, crawlerName: 'shop crawler', msLeft }),
    taskQueue: queue,
  });

/** Steps whose holds are as the test says, and how often they were settled. */
const stepsOf = (answers: { removed: number; waitMs: number | null }[]) => {
  const settleHeldRemovals = vi.fn(async () => answers.shift() ?? { removed: 0, waitMs: null });
  return { activities: { ...stubControl([]).activities, settleHeldRemovals }, settleHeldRemovals };
};
const done = { removed: 12, waitMs: null };

describe('the workflow of held removals', () => {
  it('does what was decided as soon as it is told', async () => {
    const { activities, settleHeldRemovals } = stepsOf([done]);
    const result = await onStage({ control: activities }, async (stage) => {
      const handle = await start(stage, 7 * 24 * 3_600_000);
      expect(settleHeldRemovals).not.toHaveBeenCalled();
      await handle.signal(HOLD_DECIDED);
      return handle.result();
    });
    expect(result).toEqual({ removed: 12 });
    expect(settleHeldRemovals).toHaveBeenCalledOnce();
  });

  it('looks when the time is over though nobody said anything', async () => {
    const { activities } = stepsOf([{ removed: 0, waitMs: null }]);
    const result = await onStage({ control: activities }, async (stage) => (await start(stage, 50)).result());
    expect(result).toEqual({ removed: 0 });
  });

  it('waits on where the row says that there is time left, and a word that came too early does no harm', async () => {
    const { activities, settleHeldRemovals } = stepsOf([{ removed: 0, waitMs: 60 }, done]);
    const result = await onStage({ control: activities }, async (stage) => {
      const handle = await start(stage, 3_600_000);
      await handle.signal(HOLD_DECIDED);
      return handle.result();
    });
    expect(result).toEqual({ removed: 12 });
    expect(settleHeldRemovals).toHaveBeenCalledTimes(2);
  });

  it('is one of a hold, however often it is started, and names its crawler', async () => {
    const { activities } = stepsOf([done]);
    await onStage({ control: activities }, async (stage) => {
      const { client, queue, crawlerId } = stage;
      const hold = { id: randomUUID(), crawlerId, crawlerName: 'shop crawler', msLeft: 3_600_000 };
      const options = { ...heldRemovalsStart(hold), taskQueue: queue };
      const first = await client.workflow.start<typeof heldRemovals>('heldRemovals', options);
      const second = await client.workflow.signalWithStart<typeof heldRemovals>('heldRemovals', {
        ...options,
        signal: HOLD_DECIDED,
      });
      expect(second.workflowId).toBe(heldRemovalsId(hold.id));
      expect(await first.result()).toEqual({ removed: 12 });
      expect(await (await first.describe()).staticSummary()).toBe('Held removals: shop crawler');
    });
  });
});

describe('the upkeep of each minute', () => {
  it('sees to holds and tombstones, and search is brought up to date though that fails', async () => {
    const drained = vi.fn(async () => 3);
    const keepHeldRemovals = vi.fn(async (): Promise<number> => {
      throw ApplicationFailure.nonRetryable('Temporal is away', 'TEMPORAL_UNAVAILABLE');
    });
    const control = { ...stubControl([]).activities, drainOutbox: drained, purgeTombstones: vi.fn(async () => 2) };
    const sweep = ({ client, queue }: Stage) =>
      client.workflow.execute<typeof drainSearchOutbox>('drainSearchOutbox', {
        workflowId: `search-outbox-${randomUUID()}`,
        taskQueue: queue,
      });
    expect(await onStage({ control }, sweep)).toEqual({ retired: 0, drained: 3 });
    expect(control.purgeTombstones).toHaveBeenCalledOnce();
    expect(await onStage({ control: { ...control, keepHeldRemovals } }, sweep)).toEqual({ retired: 0, drained: 3 });
    expect(keepHeldRemovals).toHaveBeenCalled();
  });
});
