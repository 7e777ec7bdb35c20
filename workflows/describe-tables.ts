import {
  condition,
  continueAsNew,
  defineSignal,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { describing } from './activities.js';
import { DESCRIBE_NEWS, type Described, type DescribeTablesInput } from './contract.js';

export const describeNewsSignal = defineSignal(DESCRIBE_NEWS);

/**
 * Has a model suggest descriptions for the tables of the queue, until there are none. The queue, its pace and its budget are
 * rows: this only sees to it that somebody works on them, and sleeps while the model, or the day, says so.
 */
export async function describeTables(input: DescribeTablesInput): Promise<{ described: number }> {
  let described = input.described ?? 0;
  let news = false;
  setHandler(describeNewsSignal, () => {
    news = true;
  });
  for (;;) {
    news = false;
    const done = await describing('Describe tables').describeTables();
    described += done.tables;
    setCurrentDetails(`**${described} tables** were seen to. ${SAID[done.next]}`);
    if (done.next === 'rest' && !news) return { described };
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof describeTables>({ described });
    if (done.next === 'later') await condition(() => news, done.waitMs);
  }
}

const SAID: Record<Described['next'], string> = {
  more: 'More are waiting.',
  later: 'The model, or the budget of the day, makes the next ones wait.',
  rest: 'None is waiting.',
};
