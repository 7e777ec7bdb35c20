import { describe, expect, it } from 'vitest';
import { drainAlongside } from '../../activities/drain-alongside.js';

/** A drain whose batches end when the test says so. */
function drainByHand() {
  const batches: { end(remaining: boolean): void; fail(error: Error): void }[] = [];
  const failures: unknown[] = [];
  const drain = drainAlongside(
    () =>
      new Promise((resolve, reject) => {
        batches.push({ end: (remaining) => resolve({ remaining }), fail: reject });
      }),
    (error) => failures.push(error),
  );
  return { drain, batches, failures };
}

/** Until all that follows from what was settled has run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a drain beside other work', () => {
  it('works on one batch at a time, goes on while more remains, and begins again when there is more', async () => {
    const { drain, batches } = drainByHand();
    drain.more();
    drain.more();
    expect(batches).toHaveLength(1);
    batches[0]?.end(true);
    await settled();
    expect(batches).toHaveLength(2);
    batches[1]?.end(false);
    await settled();
    expect(batches).toHaveLength(2);
    drain.more();
    expect(batches).toHaveLength(3);
  });

  it('waits at the end for the batch at work, and leaves the rest', async () => {
    const { drain, batches } = drainByHand();
    drain.more();
    let ended = false;
    const end = drain.end().then(() => {
      ended = true;
    });
    await settled();
    expect(ended).toBe(false);
    batches[0]?.end(true);
    await end;
    drain.more();
    expect(batches).toHaveLength(1);
  });

  it('says once that search is away, and does not ask it again', async () => {
    const { drain, batches, failures } = drainByHand();
    drain.more();
    batches[0]?.fail(new Error('away'));
    await settled();
    drain.more();
    await drain.end();
    expect(batches).toHaveLength(1);
    expect(failures).toEqual([new Error('away')]);
  });
});
