import { setTimeout as wait } from 'node:timers/promises';
import { LeaseLost, RunThrottled, SourceBusy } from '../catalog/governor/errors.js';
import {
  acquireLease,
  holdersInWords,
  LEASE_SECONDS,
  leasesOfRun,
  placeInRun,
  releaseLease,
  renewLease,
} from '../catalog/governor/leases.js';
import { limitsOfRun, limitsOfServer, type RunLimits, type ServerLimits } from '../catalog/governor/limits.js';
import { awaitTurn, type SharedRate } from '../catalog/governor/pace.js';
import { quietUntil } from '../catalog/governor/quiet-hours.js';
import type { Pace } from '../connectors/contract.js';
import type { ActivityContext } from './context.js';

/** How often a lease is renewed and changed limits are looked for. */
const LOOK_EVERY_MS = 3_000;
/** Between two tries of somebody who waits for a connection. */
const TRY_EVERY_MS = 500;

/** What a step has while it may be connected to the source. */
export interface Admission {
  /** Aborts with the step's own one, and when the hold on the connection is lost. */
  signal: AbortSignal;
  pace: Pace;
  /**
   * Asked after each page: whether the source is to be left alone now, and until when.
   * @throws RunThrottled when the run was held to fewer databases at once than it reads
   */
  rest(): { reason: 'quiet hours'; until: string } | undefined;
}

/**
 * Stands between a step and a source: for a run its throttle and the limits of its server, else those of the server of a
 * data source. All workers share them, by PostgreSQL.
 */
export class Governor {
  private place = 1;

  private constructor(
    private readonly context: ActivityContext,
    private readonly runId: string | undefined,
    private limits: ServerLimits & Partial<RunLimits>,
  ) {}

  static async ofRun(context: ActivityContext, runId: string): Promise<Governor> {
    return new Governor(context, runId, await limitsOfRun(context.database, runId));
  }

  static async ofSource(context: ActivityContext, dataSourceId: string): Promise<Governor> {
    return new Governor(context, undefined, await limitsOfServer(context.database, dataSourceId));
  }

  get dataSourceId(): string {
    return this.limits.dataSourceId;
  }

  /** Statements a second that are left to the step; undefined without a limit. */
  get perSecond(): number | undefined {
    const rates = this.rates().map(({ perSecond }) => perSecond);
    return rates.length === 0 ? undefined : Math.min(...rates);
  }

  /** Until when a run is to leave its source alone, in ISO format. A connection test asks nothing of the kind. */
  quiet(): { reason: 'quiet hours'; until: string } | undefined {
    if (this.runId === undefined || this.limits.despiteQuietHours === true) return undefined;
    return this.window();
  }

  /** The quiet hours that the source is in now, whoever asks. */
  window(): { reason: 'quiet hours'; until: string } | undefined {
    const until = quietUntil(this.limits.quietHours, this.context.now?.() ?? new Date());
    return until === undefined ? undefined : { reason: 'quiet hours', until: until.toISOString() };
  }

  /**
   * Runs `work` with connections to the source, and gives them back.
   * @param how.connections that it may open at once, 1 unless told otherwise
   * @param how.patience milliseconds to wait for them
   * @throws SourceBusy, RunThrottled
   */
  async admit<T>(
    signal: AbortSignal,
    work: (admission: Admission) => Promise<T>,
    how: { connections?: number; patience?: number } = {},
  ): Promise<T> {
    const lease = await this.acquire(signal, how.connections ?? 1, how.patience ?? 0);
    const lost = new AbortController();
    const held = AbortSignal.any([signal, lost.signal]);
    const stop = this.keep(lease, lost);
    try {
      return await work({
        signal: held,
        pace: (until) => awaitTurn(this.context.database, this.rates(), until),
        rest: () => {
          const lanes = this.limits.throttle?.lanes;
          if (lanes !== undefined && this.place > lanes) throw new RunThrottled(lanes);
          return this.quiet();
        },
      });
    } finally {
      stop();
      // Should it fail, the lease runs out by itself.
      await releaseLease(this.context.database, lease).catch((err) =>
        this.context.log.warn({ err, lease }, 'a lease of the source could not be given back'),
      );
    }
  }

  private rates(): SharedRate[] {
    const { sourceType, instance, queriesPerSecond, throttle } = this.limits;
    return [
      ...(queriesPerSecond === null ? [] : [{ key: `server ${sourceType} ${instance}`, perSecond: queriesPerSecond }]),
      ...(throttle?.queriesPerSecond === undefined || this.runId === undefined
        ? []
        : [{ key: `run ${this.runId}`, runId: this.runId, perSecond: throttle.queriesPerSecond }]),
    ];
  }

  private async acquire(signal: AbortSignal, connections: number, patience: number): Promise<string> {
    const { database, worker } = this.context;
    const { dataSourceId, sourceType, instance, maxConnections, throttle } = this.limits;
    const lanes = throttle?.lanes ?? null;
    const request = { dataSourceId, sourceType, instance, runId: this.runId, worker: worker.id, connections, lanes };
    for (const end = performance.now() + patience; ; ) {
      const lease = await acquireLease(database, { ...request, maxConnections });
      if (lease !== undefined) return lease;
      if (performance.now() >= end) break;
      await wait(TRY_EVERY_MS, undefined, { signal });
    }
    if (lanes !== null && this.runId !== undefined && (await leasesOfRun(database, this.runId)) >= lanes)
      throw new RunThrottled(lanes);
    const holders = await holdersInWords(database, dataSourceId);
    throw new SourceBusy(`All ${maxConnections} connections that ${instance} may be given are in use, by ${holders}`);
  }

  /** Renews the lease and looks for changed limits until told to stop. */
  private keep(lease: string, lost: AbortController): () => void {
    const { database, log } = this.context;
    let renewed = performance.now();
    let busy = false;
    const look = async () => {
      const asked = performance.now();
      if (!(await renewLease(database, lease))) return lost.abort(new LeaseLost());
      renewed = asked;
      if (this.runId === undefined) {
        this.limits = await limitsOfServer(database, this.dataSourceId);
        return;
      }
      const limits = await limitsOfRun(database, this.runId);
      this.place = limits.throttle.lanes === undefined ? 1 : await placeInRun(database, lease);
      this.limits = limits;
    };
    const timer = setInterval(() => {
      if (performance.now() - renewed > (LEASE_SECONDS * 1_000 * 9) / 10) lost.abort(new LeaseLost());
      if (busy) return;
      busy = true;
      look()
        .catch((err) => log.warn({ err, lease }, 'a lease of the source could not be renewed'))
        .finally(() => {
          busy = false;
        });
    }, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }
}
