import type { z } from 'zod';
import { describingOfRun } from '../catalog/describing/describing-of-run.js';
import { readModelSettings } from '../catalog/describing/model-settings.js';
import { readModelState, stateOfModel } from '../catalog/describing/model-state.js';
import { usageOfToday } from '../catalog/describing/usage.js';
import type { ApiContext } from './context.js';
import type { runSchema } from './schemas/runs.js';

/** What a run's page tells of the describing of what it brought, with why that waits; null where there is none. */
export async function describingOf(
  { database }: Pick<ApiContext, 'database'>,
  { id }: { id: string },
): Promise<z.input<typeof runSchema>['describing']> {
  const describing = await describingOfRun(database, id);
  if (describing === undefined) return null;
  const [state, { tokensPerDay }, { tokens }] = await Promise.all([
    readModelState(database),
    readModelSettings(database),
    usageOfToday(database),
  ]);
  return {
    ...describing,
    model: stateOfModel(state, describing.due || describing.waiting > 0),
    waitsUntil: state.waitsUntil,
    tokensLeftToday: tokensPerDay === null ? null : Math.max(0, tokensPerDay - tokens),
  };
}
