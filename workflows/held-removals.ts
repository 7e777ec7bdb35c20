import { condition, defineSignal, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { inBatches } from './activities.js';
import { type HeldRemovalsInput, HOLD_DECIDED } from './contract.js';

export const decidedSignal = defineSignal(HOLD_DECIDED);

/**
 * Waits until a person decides on removals that a run held, or their time is over, and then does what was decided. The
 * hold's row is the truth: a signal only says that it is time to look, so one that is lost or comes twice does no harm.
 */
export async function heldRemovals(input: HeldRemovalsInput): Promise<{ removed: number }> {
  const { holdId, crawlerName } = input;
  let decided = false;
  setHandler(decidedSignal, () => {
    decided = true;
  });
  for (let waitMs: number | null = input.waitMs; ; ) {
    setCurrentDetails(
      `**Removals of ${crawlerName} are held** until a person approves or rejects them, or they expire.`,
    );
    await condition(() => decided, Math.max(1, waitMs));
    decided = false;
    setCurrentDetails(`**Removals of ${crawlerName}**: doing what was decided.`);
    const settled = await inBatches('Do what was decided on the held removals').settleHeldRemovals({ holdId });
    if (settled.waitMs === null) return { removed: settled.removed };
    waitMs = settled.waitMs;
  }
}
