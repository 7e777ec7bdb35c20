import { randomUUID } from 'node:crypto';
import { expect, inject, it } from 'vitest';
import { DESCRIBE_NEWS, type Described } from '../../workflows/contract.js';
import type { describeTables } from '../../workflows/describe-tables.js';
import { playOn, type Stage } from './stage.js';

const DAY = 86_400_000;
const server = () => ({ address: inject('temporal'), workflowBundle: inject('workflowBundle') });

/** Steps that say these things one after the other, and how often they were made. */
function stretches(...said: [Described['next'], number][]) {
  let made = 0;
  return {
    made: () => made,
    control: {
      describeTables: async (): Promise<Described> => {
        const [next, waitMs] = said[made] ?? (['rest', 0] as const);
        made += 1;
        return { tables: 2, suggestions: 4, refused: 0, next, waitMs };
      },
    },
  };
}

const start = ({ client, queue }: Stage) =>
  client.workflow.start<typeof describeTables>('describeTables', {
    workflowId: `describe-${randomUUID()}`,
    taskQueue: queue,
    args: [{ described: 10 }],
  });

it('goes on while there is more, and ends when there is none', async () => {
  const steps = stretches(['more', 0], ['later', 100], ['rest', 0]);
  await playOn(
    steps,
    async (stage) => expect(await (await start(stage)).result()).toEqual({ described: 16 }),
    server(),
  );
  expect(steps.made()).toBe(3);
});

it('wakes from a wait of a day when there is news', async () => {
  const steps = stretches(['later', DAY], ['rest', 0]);
  await playOn(
    steps,
    async (stage) => {
      const handle = await start(stage);
      await expect.poll(steps.made).toBe(1);
      await handle.signal(DESCRIBE_NEWS);
      expect(await handle.result()).toEqual({ described: 14 });
    },
    server(),
  );
  expect(steps.made()).toBe(2);
});
