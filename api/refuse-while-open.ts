import type { RunDetail } from '../catalog/runs/read-runs.js';
import { OPEN_STATUSES } from '../catalog/runs/run-state.js';
import { Problem } from './problems.js';

export const isOpen = (run: Pick<RunDetail, 'status'>): boolean =>
  (OPEN_STATUSES as readonly string[]).includes(run.status);

/**
 * Refuses what makes sense only of a run that has ended.
 * @param because what is not known or done before, for people
 * @throws Problem RUN_OPEN with the run
 */
export function refuseWhileOpen(run: RunDetail, because: string): void {
  if (!isOpen(run)) return;
  throw new Problem('RUN_OPEN', `Run ${run.number} is ${run.status}; ${because}.`, {
    remedy: 'Wait for it to end, or stop it first.',
    extra: { run: { id: run.id, number: run.number, status: run.status } },
  });
}
