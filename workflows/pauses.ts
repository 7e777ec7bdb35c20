import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { control } from './activities.js';
import { PAUSE_SIGNAL, RESUME_SIGNAL } from './contract.js';
import { type RunProgress, show } from './run-progress.js';

/** A signal can be lost with the process that was to send it; the row is asked again after this long. */
const ASK_AGAIN = '10m';

const pauseSignal = defineSignal(PAUSE_SIGNAL);
const resumeSignal = defineSignal(RESUME_SIGNAL);

/**
 * Holds a run's lanes while its row says that it is paused. Nothing is asked, and no event added, for a run that nobody
 * pauses.
 */
export class Pauses {
  private toldToPause = false;
  private resumptions = 0;
  private waiting: Promise<void> | undefined;

  constructor(
    private readonly runId: string,
    private readonly progress: RunProgress,
  ) {
    setHandler(pauseSignal, () => {
      this.toldToPause = true;
    });
    setHandler(resumeSignal, () => {
      this.resumptions += 1;
    });
  }

  /** Before a unit is begun. */
  async beforeUnit(): Promise<void> {
    if (this.toldToPause) await this.untilResumed();
  }

  /** After a unit yielded. All lanes wait for the same end. */
  async untilResumed(): Promise<void> {
    this.waiting ??= this.wait().finally(() => {
      this.waiting = undefined;
    });
    await this.waiting;
  }

  /** After a step yielded to what ends at a time, in ISO format: waits until then, or until somebody resumes the run. */
  async until(time: string): Promise<void> {
    const seen = this.resumptions;
    const milliseconds = Math.max(1_000, Date.parse(time) - Date.now());
    await condition(() => this.resumptions > seen, milliseconds);
  }

  private async wait(): Promise<void> {
    for (;;) {
      const seen = this.resumptions;
      if (!(await control('See whether the run is paused').isRunPaused({ runId: this.runId }))) break;
      this.progress.paused = true;
      show(this.progress);
      await condition(() => this.resumptions > seen, ASK_AGAIN);
    }
    this.toldToPause = false;
    this.progress.paused = false;
    show(this.progress);
  }
}
