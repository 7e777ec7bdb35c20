/** A drain of search beside other work. */
export interface DrainAlongside {
  /** Says that there may be more to drain. Returns at once. */
  more(): void;
  /** Waits for the batch at work, and begins none any more. Never fails. */
  end(): Promise<void>;
}

/**
 * Drains search while other work goes on, one batch after the other, so that what leaves the map early need not wait in
 * search for what leaves late. What it leaves behind, and all after a failure, stays in the outbox for whoever drains next.
 * @param onFailure told once why search cannot be brought up to date now
 */
export function drainAlongside(
  drainBatch: () => Promise<{ remaining: boolean }>,
  onFailure: (error: unknown) => void,
): DrainAlongside {
  let ended = false;
  let working: Promise<void> | undefined;
  const work = async () => {
    try {
      for (let remaining = true; remaining && !ended; ) ({ remaining } = await drainBatch());
    } catch (error) {
      if (!ended) onFailure(error);
      ended = true;
    } finally {
      working = undefined;
    }
  };
  return {
    more: () => {
      if (!ended) working ??= work();
    },
    end: async () => {
      ended = true;
      await working;
    },
  };
}
