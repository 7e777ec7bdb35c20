import type { IncomingHttpHeaders } from 'undici/types/header.js';
import { ModelFailure } from './failures.js';

/** An answer of an endpoint as it came. */
export interface Refused {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** The longest that an endpoint may send us away for. */
const LONGEST_WAIT = 24 * 3_600_000;
/** Characters of an endpoint's own words that are passed on. */
const LONGEST_QUOTE = 200;

/** What an answer that is no success means, with what to do. */
export function refusalOf(
  { status, headers, text }: Refused,
  { url, model, apiKey }: { url: string; model: string; apiKey: string | null },
): ModelFailure {
  const { host } = new URL(url);
  const said = quoted(text, apiKey);
  const code = codeOf(text);
  if (status === 401 || status === 403)
    return new ModelFailure(
      'MODEL_KEY_REFUSED',
      // Some quote the key in their answer, so what they say is not passed on.
      `${host} does not accept the API key (${status})`,
      'Enter a key of this endpoint that may use the model, then resume.',
      { kind: 'stop' },
    );
  if (status === 404)
    return new ModelFailure(
      'MODEL_NOT_FOUND',
      `${host} has no model ${model}, or no chat completions at this address (404)${said}`,
      'Correct the name of the model, or the address, which most often ends in /v1; on a local server the model may have to be loaded first. Then resume.',
      { kind: 'stop' },
    );
  if (status === 413 || code === 'context_length_exceeded' || /maximum context|context window/i.test(text))
    return new ModelFailure(
      'TABLE_TOO_LARGE_FOR_MODEL',
      `What is to be told of the table is more than the model takes (${status})${said}`,
      'Choose a model with a longer context.',
      { kind: 'table' },
    );
  if (status === 402 || code === 'insufficient_quota')
    return new ModelFailure(
      'MODEL_QUOTA_EXHAUSTED',
      `The account at ${host} has nothing left to spend (${status})`,
      'Add credit at the provider, or enter the key of another account; then resume.',
      { kind: 'stop' },
    );
  const wait = waitOf(headers);
  if (status === 429)
    return new ModelFailure(
      'MODEL_BUSY',
      `${host} wants fewer requests (429)${said}`,
      'Nothing needs to be done: it is asked again when it says. Lower requestsPerMinute if it happens often.',
      { kind: 'later', ...wait },
    );
  if (status >= 500 || status === 408 || status === 409 || status === 425)
    return new ModelFailure(
      'MODEL_FAILED',
      `${host} failed to answer (${status})${said}`,
      'See what the server of the model says of it. It is tried again.',
      { kind: 'later', ...wait },
    );
  if (status >= 300 && status < 400)
    return new ModelFailure(
      'MODEL_REDIRECTS',
      `${host} sends elsewhere (${status}), where neither the key nor metadata is sent`,
      'Give the address that it leads to, if it is the one you mean; then resume.',
      { kind: 'stop' },
    );
  return new ModelFailure(
    'MODEL_REQUEST_REFUSED',
    `${host} does not take the request (${status})${said}`,
    'See that the model is one for chat, and that the address is that of an API which OpenAI clients can use; then resume.',
    { kind: 'stop' },
  );
}

/** In milliseconds, by the headers that endpoints use. */
function waitOf(headers: IncomingHttpHeaders): { afterMs?: number } {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(exact)) return { afterMs: within(exact) };
  const given = headers['retry-after'];
  if (typeof given !== 'string') return {};
  const seconds = Number(given);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(given) - Date.now();
  return Number.isFinite(ms) ? { afterMs: within(ms) } : {};
}

const within = (ms: number): number => Math.min(Math.max(ms, 0), LONGEST_WAIT);

interface ErrorBody {
  error?: { code?: unknown; type?: unknown; message?: unknown } | string;
  message?: unknown;
}

function bodyOf(text: string): ErrorBody {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? (parsed as ErrorBody) : {};
  } catch {
    return {};
  }
}

function codeOf(text: string): string | undefined {
  const { error } = bodyOf(text);
  if (typeof error !== 'object' || error === null) return undefined;
  return [error.code, error.type].find((one) => typeof one === 'string') as string | undefined;
}

/** What the endpoint says of it, without the key and without what could not be shown. */
function quoted(text: string, apiKey: string | null): string {
  const body = bodyOf(text);
  const message = typeof body.error === 'string' ? body.error : (body.error?.message ?? body.message);
  if (typeof message !== 'string' || message.trim() === '') return '';
  const without = apiKey ? message.replaceAll(apiKey, '***') : message;
  const clean = without.replace(/\b(sk|key|gsk|xai)-[\w*.-]{6,}/g, '***').replace(/[\p{Cc}<>]+/gu, ' ');
  return `: ${clean.length > LONGEST_QUOTE ? `${clean.slice(0, LONGEST_QUOTE)}…` : clean}`;
}
