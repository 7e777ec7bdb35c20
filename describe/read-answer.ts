import { z } from 'zod';
import type { SuggestedText } from '../catalog/model/table-to-describe.js';
import { type RefusedBecause, refusedText } from './check-text.js';
import type { Prompt, Question } from './prompt.js';

/** What became of one question. Every object that was asked about stands in one of the first two. */
export interface ReadAnswer {
  suggested: SuggestedText[];
  refused: { column: string; because: RefusedBecause }[];
  /** Names that nobody asked about, or that stood there before. */
  unasked: number;
}

/** What a model said, before anybody has looked at it. */
export interface RawAnswer {
  text: string;
  /** As the endpoint says it, e.g. `stop` or `length`. */
  finishReason: string | null;
  declined: boolean;
}

const said = z.object({ description: z.string(), confidence: z.string().optional().catch(undefined) });
const answer = z.object({
  table: said.nullish().catch(undefined),
  columns: z.array(z.unknown()).nullish().catch(undefined),
});
const column = said.extend({ name: z.string() });

/** Takes out of an answer what may be suggested, object by object: one that is nonsense takes no other with it. */
export function readAnswer(raw: RawAnswer, question: Question, prompt: Prompt): ReadAnswer {
  const asked = [...(question.ofTable ? [''] : []), ...question.columns];
  const none = (because: RefusedBecause): ReadAnswer => ({
    suggested: [],
    refused: asked.map((name) => ({ column: name, because })),
    unasked: 0,
  });
  if (raw.declined) return none('MODEL_DECLINED');
  const parsed = answer.safeParse(jsonOf(raw.text));
  if (!parsed.success) return none(raw.finishReason === 'length' ? 'CUT_OFF' : 'NOT_JSON');
  const { told, unasked } = toldOf(parsed.data, new Set(asked));
  const read: ReadAnswer = { suggested: [], refused: [], unasked };
  for (const name of asked) {
    const one = told.get(name);
    const object = name === '' ? question.table.name : name;
    const because = one === undefined ? 'MISSING' : refusedText(one.description, object, prompt.system);
    if (one === undefined || because !== undefined) read.refused.push({ column: name, because: because ?? 'MISSING' });
    else read.suggested.push({ column: name, description: one.description.trim(), confidence: rated(one.confidence) });
  }
  return read;
}

function toldOf(
  { table, columns }: z.infer<typeof answer>,
  asked: ReadonlySet<string>,
): { told: Map<string, z.infer<typeof said>>; unasked: number } {
  const told = new Map<string, z.infer<typeof said>>();
  let unasked = 0;
  if (table && asked.has('')) told.set('', table);
  for (const item of columns ?? []) {
    const one = column.safeParse(item);
    if (!one.success) continue;
    // An empty name is no column's: it would stand for the table.
    if (one.data.name === '' || !asked.has(one.data.name) || told.has(one.data.name)) unasked += 1;
    else told.set(one.data.name, one.data);
  }
  return { told, unasked };
}

function rated(confidence: string | undefined): SuggestedText['confidence'] {
  return confidence === 'high' || confidence === 'medium' || confidence === 'low' ? confidence : null;
}

/** The object in a text: models that are not held to a format think aloud before it and put fences around it. */
function jsonOf(text: string): unknown {
  const spoken = text.replace(/^\s*<think>[\s\S]*?<\/think>/, '');
  const [from, to] = [spoken.indexOf('{'), spoken.lastIndexOf('}')];
  if (from < 0 || to < from) return undefined;
  try {
    return JSON.parse(spoken.slice(from, to + 1));
  } catch {
    return undefined;
  }
}
