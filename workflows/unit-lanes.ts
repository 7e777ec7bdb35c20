import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import { collecting, control } from './activities.js';
import type { RunPlan, Trigger, UnitRef } from './contract.js';
import { summarise } from './failure-summary.js';
import type { Pauses } from './pauses.js';
import { endUnit, revertUnit } from './run-kinds.js';
import { noteFailure, type RunProgress, show } from './run-progress.js';

const PAGE = 100;

/** Where the lanes are: the last unit handed out, and what the run counts. */
export interface LaneState {
  crawlerId: string;
  trigger: Trigger;
  plan: RunPlan;
  after: number;
  progress: RunProgress;
  pauses: Pauses;
}

/**
 * Collects and publishes every unit that is left, `plan.lanes` at a time. A lane pulls its next unit when it is free, so
 * a slow database holds up nobody else. A unit that fails is data; anything else that fails ends all lanes, and none of
 * their activities outlives them.
 * @returns `more` when the history has grown long and the rest belongs to a new execution; no unit is open then
 */
export async function collectUnits(state: LaneState): Promise<'all' | 'more'> {
  const pages = new UnitPages(state);
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    const lanes = Array.from({ length: Math.max(1, state.plan.lanes) }, () =>
      runLane(state, pages).catch((error: unknown) => {
        scope.cancel();
        throw error;
      }),
    );
    const reasons = (await Promise.allSettled(lanes)).flatMap((lane) =>
      lane.status === 'rejected' ? [lane.reason as unknown] : [],
    );
    if (reasons.length > 0) throw reasons.find((reason) => !isCancellation(reason)) ?? reasons[0];
  });
  return pages.exhausted ? 'all' : 'more';
}

async function runLane(state: LaneState, pages: UnitPages): Promise<void> {
  const { progress, pauses } = state;
  for (let unit = await pages.next(); unit !== undefined; unit = await pages.next()) {
    await pauses.beforeUnit();
    const { database } = unit;
    progress.collecting.push(database);
    show(progress);
    await collectUnit(state, unit);
    progress.collecting.splice(progress.collecting.indexOf(database), 1);
    progress.unitsDone += 1;
    show(progress);
  }
}

async function collectUnit(state: LaneState, unit: UnitRef): Promise<void> {
  const { crawlerId, trigger, plan, progress, pauses } = state;
  try {
    if (trigger === 'revert') return await revertUnit(unit);
    const { collectUnit } = collecting(plan.resourceGroup, crawlerId, `Collect database ${unit.database}`);
    let { yielded } = await collectUnit(unit);
    while (yielded !== undefined) {
      if (yielded.reason === 'quiet hours') await pauses.until(yielded.until);
      else await pauses.untilResumed();
      ({ yielded } = await collectUnit({ ...unit, attemptsBefore: yielded.attempts }));
    }
    await endUnit(trigger, unit);
  } catch (error) {
    if (isCancellation(error)) throw error;
    const failure = summarise(error, plan.resourceGroup);
    noteFailure(progress, { database: unit.database, ...failure });
    await control(`Record that database ${unit.database} failed`).failUnit({ ref: unit, failure });
  }
}

/** Hands out units one by one and fetches the next page when the last is used up, once for all lanes. */
class UnitPages {
  exhausted = false;
  private units: UnitRef[] = [];
  private fetching: Promise<void> | undefined;

  constructor(private readonly state: LaneState) {}

  async next(): Promise<UnitRef | undefined> {
    while (this.units.length === 0) {
      if (this.exhausted || (this.fetching === undefined && workflowInfo().continueAsNewSuggested)) return undefined;
      this.fetching ??= this.fetch();
      await this.fetching;
    }
    return this.units.shift();
  }

  private async fetch(): Promise<void> {
    const { plan, after } = this.state;
    const request = { runId: plan.runId, after, limit: PAGE };
    this.units = await control(after === 0 ? 'First databases' : `Databases after number ${after}`).nextUnits(request);
    this.state.after = this.units.at(-1)?.unit ?? after;
    this.exhausted = this.units.length < PAGE;
    this.fetching = undefined;
  }
}
