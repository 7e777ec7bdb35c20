import { countForRun } from '../catalog/describing/describing-of-run.js';
import type { OpenModel } from '../catalog/describing/model-settings.js';
import { noteAnswered, noteModelFailure, waitForBudget } from '../catalog/describing/model-state.js';
import type { WorkOnTable } from '../catalog/describing/needed.js';
import { putOff } from '../catalog/describing/queue.js';
import { storeAnswer } from '../catalog/describing/store-answer.js';
import { countAnswer, reserveTokens, settleTokens } from '../catalog/describing/usage.js';
import { type AnswerOfModel, askModel, spentOn } from '../describe/ask-model.js';
import { ModelFailure } from '../describe/failures.js';
import { promptFor } from '../describe/prompt.js';
import { readAnswer } from '../describe/read-answer.js';
import type { ActivityContext } from './context.js';

/** Columns that one request asks about: few enough for an answer that no model cuts off. */
const MOST_COLUMNS = 25;
/** Attempts that a table gets at which the endpoint failed; with the waits between them they take most of a day. */
const MOST_ATTEMPTS = 24;
/** Failures that no table can be the reason of: they do not count for it. */
const OF_NO_TABLE: ReadonlySet<string> = new Set(['MODEL_BUSY', 'MODEL_UNREACHABLE', 'MODEL_UNKNOWN_HOST']);
/** How long a table is put off that failed, so that others come first, in milliseconds. */
const PUT_OFF = 30_000;

export interface AskedTable {
  suggestions: number;
  refused: number;
  /** What of the table has not been asked about yet; as much as before where the request failed. */
  left: string[];
}

/** Makes one request about a table, and keeps what came of it. Undefined where nothing may be asked for now. */
export async function askAboutTable(
  { database }: ActivityContext,
  model: OpenModel,
  work: WorkOnTable,
  needed: readonly string[],
  signal: AbortSignal,
): Promise<AskedTable | undefined> {
  const ofTable = needed.includes('');
  const columns = needed.filter((name) => name !== '').slice(0, MOST_COLUMNS);
  const question = { table: work.table, ofTable, columns, language: model.language };
  const prompt = promptFor(question);
  const reserved = prompt.promptTokens + prompt.answerTokens;
  if (model.tokensPerDay !== null && reserved > model.tokensPerDay) return noteFailure(tooLarge(reserved));
  const day = await reserveTokens(database, reserved, model.tokensPerDay);
  if (day === undefined) {
    await waitForBudget(database);
    return undefined;
  }
  try {
    const answer = await askModel({ ...model, timeoutMs: model.timeoutSeconds * 1_000 }, prompt, signal);
    const taken = spentOn(answer, prompt);
    await settleTokens(database, { day, reserved, taken: taken.prompt + taken.completion, failed: false });
    await noteAnswered(database, answer.dialect);
    model.dialect = answer.dialect;
    const asked = new Set(['', ...columns]);
    const kept = await keep(day, answer, taken);
    return { ...kept, left: needed.filter((name) => !asked.has(name)) };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ModelFailure)) throw error;
    const taken = error.spent ? reserved : 0;
    await settleTokens(database, { day, reserved, taken, failed: true });
    await countOfRun({ tokens: taken, failed: true, suggestions: 0, refused: 0 });
    return noteFailure(error);
  }

  async function keep(
    on: string,
    answer: AnswerOfModel,
    taken: { prompt: number; completion: number },
  ): Promise<{ suggestions: number; refused: number }> {
    const read = readAnswer(answer, question, prompt);
    const suggestions = await storeAnswer(database, {
      entityId: work.entityId,
      model: answer.model,
      askedModel: model.model,
      language: question.language,
      inputs: prompt.inputs,
      promptTokens: taken.prompt,
      completionTokens: taken.completion,
      digests: work.digests,
      ...read,
    });
    const because = read.refused.map((one) => one.because);
    const unasked = Array.from({ length: read.unasked }, () => 'WRONG_NAME');
    await countAnswer(database, on, { suggestions, refused: [...because, ...unasked] });
    await countOfRun({ tokens: taken.prompt + taken.completion, failed: false, suggestions, refused: because.length });
    return { suggestions, refused: read.refused.length };
  }

  async function countOfRun(of: Parameters<typeof countForRun>[2]): Promise<void> {
    if (work.runId !== null) await countForRun(database, work.runId, of);
  }

  async function noteFailure({ code, message, remedy, consequence }: ModelFailure): Promise<AskedTable | undefined> {
    await noteModelFailure(database, { code, message, remedy }, consequence);
    const ofTableAlone = consequence.kind === 'table';
    await putOff(
      database,
      work,
      { code, message, remedy },
      { counts: !OF_NO_TABLE.has(code), most: ofTableAlone ? 1 : MOST_ATTEMPTS, forMs: PUT_OFF },
    );
    return ofTableAlone ? { suggestions: 0, refused: 0, left: [...needed] } : undefined;
  }
}

function tooLarge(tokens: number): ModelFailure {
  return new ModelFailure(
    'TABLE_LARGER_THAN_BUDGET',
    `Asking about the table may take ${tokens} tokens, which is more than a whole day has`,
    'Raise tokensPerDay, then resume.',
    { kind: 'table' },
  );
}
