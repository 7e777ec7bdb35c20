import { DefaultLogger, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import { playOn, type Stage } from './stage.js';

export type { Stage } from './stage.js';
export { stubControl, stubGroup } from './stub-activities.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });

/** Plays on the test run's own server, or on another one. */
export const onStage = <T>(
  activities: Parameters<typeof playOn<T>>[0],
  play: (stage: Stage) => Promise<T>,
  address: string = inject('temporal'),
): Promise<T> => playOn(activities, play, { address, workflowBundle: inject('workflowBundle') });
