import { Refusal } from '../../db/refusals.js';

/** What a plan was made from is no longer so: applying it would write something that nobody has seen. */
export class PlanOutdated extends Refusal {
  readonly code = 'PLAN_OUTDATED';

  constructor(database: string, moved: string) {
    super(
      `The plan of ${database} is outdated, and nothing of it was applied: ${moved}`,
      'Plan again, and apply that plan.',
    );
  }
}

/** The plan was applied or discarded, or gave way to a later one. */
export class PlanNotOpen extends Refusal {
  readonly code = 'PLAN_NOT_OPEN';

  constructor(
    /** Undefined where the run has no plan: it was not to plan, or did not come to its end. */
    readonly state: string | undefined,
    note: string | null = null,
  ) {
    super(
      state === undefined
        ? 'The run has no plan: it was not started to plan, or has not ended well'
        : `The plan is ${state}${note === null ? '' : `: ${note}`}`,
      state === 'applied' ? 'What it did stands with the run that applied it.' : 'Plan again.',
    );
  }
}
