import type { Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { groupQueue } from '../workflows/contract.js';

/** A resource group as it should be served: how many of its activities this process runs at once. */
export interface GroupCapacity {
  id: string;
  slots: number;
}

interface Served {
  slots: number;
  worker: Worker;
  /** Settles when the worker has ended. */
  ended: Promise<void>;
  leaving: boolean;
}

/**
 * One activity worker per resource group, kept at what `converge` was last told. A worker's slots are fixed when it is
 * made, so a group that changes size gets a new one once the old has drained; two at a time on one queue would both
 * be full.
 */
export class GroupWorkers {
  private readonly served = new Map<string, Served>();

  /**
   * @param create makes a worker, not yet running
   * @param onFailure told when a worker ends by itself, which nothing here can mend
   */
  constructor(
    private readonly create: (group: GroupCapacity) => Promise<Worker>,
    private readonly log: Logger,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** Starts, drains and replaces workers. Draining goes on after it returns; the next call goes on from there. */
  async converge(groups: readonly GroupCapacity[]): Promise<void> {
    const wanted = new Map(groups.map((group) => [group.id, group]));
    for (const [id, { slots }] of this.served) {
      const group = wanted.get(id);
      if (group === undefined) this.drain(id, 'the resource group is gone');
      else if (group.slots !== slots) this.drain(id, `its slots go from ${slots} to ${group.slots}`);
    }
    for (const group of groups) if (!this.served.has(group.id)) await this.start(group);
  }

  /** Groups that take up work now. */
  serving(): GroupCapacity[] {
    return [...this.served].filter(([, { leaving }]) => !leaving).map(([id, { slots }]) => ({ id, slots }));
  }

  /** Task queue and state of each, for the health endpoint. */
  states(): { queue: string; state: string }[] {
    return [...this.served].map(([id, { worker }]) => ({ queue: groupQueue(id), state: worker.getState() }));
  }

  /** Drains all; returns when the last has ended. */
  async stop(): Promise<void> {
    const ended = [...this.served.values()].map(({ ended }) => ended);
    for (const id of this.served.keys()) this.drain(id, 'the worker ends');
    await Promise.all(ended);
  }

  private async start(group: GroupCapacity): Promise<void> {
    const worker = await this.create(group);
    const ended = worker.run().then(
      () => this.forget(group.id, worker),
      (error: unknown) => {
        this.forget(group.id, worker);
        this.onFailure(error);
      },
    );
    this.served.set(group.id, { slots: group.slots, worker, ended, leaving: false });
    this.log.info({ group: group.id, slots: group.slots }, 'Serving a resource group');
  }

  private drain(id: string, reason: string): void {
    const served = this.served.get(id);
    if (served === undefined || served.leaving) return;
    served.leaving = true;
    this.log.info({ group: id, reason }, 'Draining the worker of a resource group');
    if (served.worker.getState() === 'RUNNING') served.worker.shutdown();
  }

  private forget(id: string, worker: Worker): void {
    if (this.served.get(id)?.worker === worker) this.served.delete(id);
  }
}
