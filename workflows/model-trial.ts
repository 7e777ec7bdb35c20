import { tryingModel } from './activities.js';
import type { ModelTrialInput } from './contract.js';

/** Asks the configured model once, where tables are described. A model that does not answer is an answer of this execution. */
export async function modelTrial({ trialId }: ModelTrialInput): Promise<{ succeeded: boolean }> {
  return tryingModel('Ask the model about a made-up table').tryModel({ trialId });
}
