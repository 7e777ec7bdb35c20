import { openModel } from '../catalog/describing/model-settings.js';
import { endTrial } from '../catalog/describing/model-state.js';
import { reserveTokens, settleTokens } from '../catalog/describing/usage.js';
import type { TableToDescribe } from '../catalog/model/table-to-describe.js';
import type { Database } from '../db/database.js';
import { Refusal } from '../db/refusals.js';
import { type AnswerOfModel, askModel, type ModelEndpoint, spentOn } from '../describe/ask-model.js';
import { ModelFailure } from '../describe/failures.js';
import { type Prompt, promptFor } from '../describe/prompt.js';
import { readAnswer } from '../describe/read-answer.js';
import type { ControlActivities } from '../workflows/contract.js';
import type { ActivityContext } from './context.js';
import { withLiveness } from './liveness.js';

/** Nobody's: what a trial tells is nothing of this installation. */
const MADE_UP: TableToDescribe = {
  sourceType: 'postgresql',
  database: 'library',
  schema: 'public',
  name: 'book_loans',
  type: 'TABLE',
  comment: null,
  primaryKey: ['loan_id'],
  foreignKeys: [{ columns: ['reader_id'], references: 'readers (reader_id)' }],
  columns: [
    { name: 'loan_id', type: 'bigint', comment: null },
    { name: 'reader_id', type: 'bigint', comment: null },
    { name: 'due_on', type: 'date', comment: null },
  ],
};

/** The longest that a trial waits for an answer, in milliseconds. */
const PATIENCE = 120_000;

/** Makes the activity that asks the configured model once, of a table that is made up, and keeps what came of it. */
export function createTryModel({ database, secretKey }: ActivityContext): ControlActivities['tryModel'] {
  return ({ trialId }) =>
    withLiveness(async ({ signal }) => {
      const startedAt = performance.now();
      try {
        const model = await openModel(database, secretKey);
        if (model === undefined) return { succeeded: false };
        const question = { table: MADE_UP, ofTable: true, columns: ['due_on'], language: model.language };
        const prompt = promptFor(question);
        const timeoutMs = Math.min(model.timeoutSeconds * 1_000, PATIENCE);
        const answer = await askCounted(database, { ...model, timeoutMs }, prompt, signal);
        const { suggested, refused } = readAnswer(answer, question, prompt);
        const description = suggested.find(({ column }) => column === '')?.description;
        if (description === undefined) throw unfit(model.model, refused[0]?.because ?? 'MISSING');
        const tokens = tokensOf(answer, prompt);
        const tookMs = Math.round(performance.now() - startedAt);
        await endTrial(database, trialId, { status: 'succeeded', tookMs, tokens, description });
        return { succeeded: true };
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof ModelFailure) && !(error instanceof Refusal)) throw error;
        const { code, message, remedy } = error;
        const tookMs = Math.round(performance.now() - startedAt);
        await endTrial(database, trialId, { status: 'failed', tookMs, failure: { code, message, remedy } });
        return { succeeded: false };
      }
    });
}

/** Also what is asked to try the model out counts as spent, though no budget keeps anybody from it. */
async function askCounted(
  database: Database,
  endpoint: ModelEndpoint,
  prompt: Prompt,
  signal: AbortSignal,
): Promise<AnswerOfModel> {
  const reserved = prompt.promptTokens + prompt.answerTokens;
  const day = (await reserveTokens(database, reserved, null)) ?? '';
  try {
    const answer = await askModel(endpoint, prompt, signal);
    await settleTokens(database, { day, reserved, taken: tokensOf(answer, prompt), failed: false });
    return answer;
  } catch (error) {
    const spent = !(error instanceof ModelFailure) || error.spent;
    await settleTokens(database, { day, reserved, taken: spent ? reserved : 0, failed: true });
    throw error;
  }
}

const tokensOf = (answer: AnswerOfModel, prompt: Prompt): number => {
  const { prompt: asked, completion } = spentOn(answer, prompt);
  return asked + completion;
};

function unfit(model: string, because: string): ModelFailure {
  return new ModelFailure(
    'MODEL_ANSWER_UNFIT',
    `${model} answered, but what it said could not be suggested to anybody (${because})`,
    'Choose a model that follows instructions and can write JSON; small ones often cannot.',
    { kind: 'table' },
  );
}
