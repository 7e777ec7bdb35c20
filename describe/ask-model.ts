import { Agent, request } from 'undici';
import { z } from 'zod';
import { type Dialect, formatOf, plainer } from './dialect.js';
import { addressOf, completionsUrl } from './endpoint.js';
import { ModelFailure } from './failures.js';
import { guessTokens, type Prompt } from './prompt.js';
import type { RawAnswer } from './read-answer.js';
import { type Refused, refusalOf } from './refusals-of-endpoints.js';

/** The most that is read of an answer, in bytes. */
const LONGEST_ANSWER = 1_000_000;

export interface ModelEndpoint {
  url: string;
  model: string;
  /** Local servers often want none. */
  apiKey: string | null;
  /** Milliseconds for one whole answer. */
  timeoutMs: number;
  /** As far as it is known how the endpoint takes requests; `{}` at first. */
  dialect: Dialect;
}

export interface AnswerOfModel extends RawAnswer {
  promptTokens: number;
  /** Counted by the endpoint, or guessed from the text where it says nothing. */
  completionTokens: number | undefined;
  /** As the endpoint names it, which may be more exact than what was asked for. */
  model: string;
  /** What was found out on the way, to be kept for the next request. */
  dialect: Dialect;
}

/**
 * Asks a model through the chat completions API, once; a request that the endpoint does not understand is put more plainly
 * until it does.
 * @throws ModelFailure, or the signal's reason
 */
export async function askModel(endpoint: ModelEndpoint, prompt: Prompt, signal: AbortSignal): Promise<AnswerOfModel> {
  let { dialect } = endpoint;
  for (;;) {
    const answered = await post(endpoint, bodyOf(endpoint.model, prompt, dialect), signal);
    if (answered.status >= 200 && answered.status < 300) return { ...read(answered.text, endpoint), dialect };
    const next = plainer(dialect, answered);
    if (next === undefined) throw refusalOf(answered, endpoint);
    dialect = next;
  }
}

/** What an answer took: as the endpoint counted it, else a guess that is rather too high. */
export function spentOn(answer: AnswerOfModel, prompt: Prompt): { prompt: number; completion: number } {
  if (answer.completionTokens !== undefined)
    return { prompt: answer.promptTokens, completion: answer.completionTokens };
  return { prompt: prompt.promptTokens, completion: guessTokens(answer.text) };
}

function bodyOf(model: string, prompt: Prompt, dialect: Dialect): string {
  return JSON.stringify({
    model,
    messages: [
      { role: 'system', content: prompt.system },
      { role: 'user', content: prompt.user },
    ],
    [dialect.tokens ?? 'max_tokens']: prompt.answerTokens,
    ...formatOf(dialect, prompt.schema),
    stream: false,
  });
}

const completion = z.object({
  model: z.string().optional().catch(undefined),
  choices: z
    .array(
      z.object({
        message: z.object({ content: z.string().nullish(), refusal: z.string().nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z
    .object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) })
    .nullish()
    .catch(undefined),
});

function read(text: string, { model, url }: ModelEndpoint): Omit<AnswerOfModel, 'dialect'> {
  const parsed = completion.safeParse(jsonOrUndefined(text));
  const choice = parsed.data?.choices[0];
  if (parsed.data === undefined || choice === undefined)
    throw new ModelFailure(
      'MODEL_ANSWER_UNREADABLE',
      `${new URL(url).host} answered, but not as the chat completions API does`,
      'See that the address is that of an API which OpenAI clients can use, most often ending in /v1. It is tried again.',
      { kind: 'later' },
      true,
    );
  const { usage } = parsed.data;
  return {
    text: choice.message.content ?? '',
    finishReason: choice.finish_reason ?? null,
    declined: Boolean(choice.message.refusal) || choice.finish_reason === 'content_filter',
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens,
    model: parsed.data.model ?? model,
  };
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Redirects are not followed: they would carry the key, and what is told, to where nobody agreed to send it. */
async function post(endpoint: ModelEndpoint, body: string, signal: AbortSignal): Promise<Refused> {
  const url = completionsUrl(endpoint.url);
  const { address, family } = await addressOf(url, signal);
  const agent = new Agent({
    connect: {
      lookup: (_name, { all }, found) =>
        all === true ? found(null, [{ address, family }]) : found(null, address, family),
    },
    // One limit for all of it: a model on a slow machine says nothing for minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const limit = AbortSignal.timeout(endpoint.timeoutMs);
  const limited = AbortSignal.any([signal, limit]);
  try {
    const answer = await request(url, {
      dispatcher: agent,
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': 'datamap',
        ...(endpoint.apiKey === null ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
      },
      signal: limited,
    });
    return { status: answer.statusCode, headers: answer.headers, text: await textOf(answer.body) };
  } catch (error) {
    signal.throwIfAborted();
    throw limit.aborted ? stalled(url, endpoint.timeoutMs) : lost(url, error);
  } finally {
    void agent.destroy();
  }
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    parts.push(part);
    bytes += part.length;
    // What is longer is no answer; cut, it is not read as one.
    if (bytes > LONGEST_ANSWER) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

function stalled(url: URL, timeoutMs: number): ModelFailure {
  return new ModelFailure(
    'MODEL_STALLED',
    `${url.host} did not answer within ${timeoutMs / 1_000} s`,
    'See whether the model is overloaded; for a slow one allow more time (timeoutSeconds). It is tried again.',
    { kind: 'later' },
    true,
  );
}

function lost(url: URL, error: unknown): ModelFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME|TLS|SSL/.test(code))
    return new ModelFailure(
      'MODEL_CERTIFICATE_REFUSED',
      `The certificate of ${url.host} cannot be trusted (${code})`,
      'Give the server a certificate that the workers trust (NODE_EXTRA_CA_CERTS names a file of more authorities).',
      { kind: 'stop' },
    );
  // Before a connection stood nothing was asked.
  const reached = !/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ETIMEDOUT)$/.test(
    code,
  );
  return new ModelFailure(
    reached ? 'MODEL_CONNECTION_LOST' : 'MODEL_UNREACHABLE',
    reached ? `${url.host} closed the connection before it had answered` : `${url.host} cannot be reached (${code})`,
    'See that the server of the model runs, and that the network of the workers reaches it. It is tried again.',
    { kind: 'later' },
    reached,
  );
}
