import { randomUUID } from 'node:crypto';
import { CliError } from '../errors.js';
import type { Server } from './find-server.js';

/** A JSON answer as it travels: times are text. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface Client {
  readonly server: Server;
  get<T>(path: string, query?: Query): Promise<T>;
  /** Sent with an Idempotency-Key, so that a repeat after a lost answer does the thing once. */
  post<T>(path: string, body?: unknown): Promise<T>;
  patch<T>(path: string, body: unknown, version: number): Promise<T>;
  delete(path: string): Promise<void>;
}

/** The API refused, with its own words. */
export class ApiError extends CliError {
  readonly status: number;
  /** The whole problem document: codes add fields of their own. */
  readonly problem: Record<string, unknown>;

  constructor(status: number, problem: Record<string, unknown>) {
    const detail = typeof problem['detail'] === 'string' ? problem['detail'] : `The server answered ${status}.`;
    const errors = Array.isArray(problem['errors'])
      ? (problem['errors'] as { path?: string; message?: string }[]).map((error) => `  ${error.path}: ${error.message}`)
      : [];
    super(
      typeof problem['code'] === 'string' ? problem['code'] : `HTTP_${status}`,
      [detail, ...errors].join('\n'),
      typeof problem['remedy'] === 'string' ? problem['remedy'] : undefined,
    );
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
  }
}

/** Talks to the API below /api/v1 with a bearer token. Every failure is a CliError with what to do. */
export function createClient(server: Server): Client {
  const send = async <T>(
    method: string,
    path: string,
    options: { query?: Query; body?: unknown; version?: number },
  ) => {
    const headers: Record<string, string> = { authorization: `Bearer ${server.token}`, accept: 'application/json' };
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (method === 'POST') headers['idempotency-key'] = randomUUID();
    if (options.version !== undefined) headers['if-match'] = `"${options.version}"`;
    return (await request(server.url, method, `/api/v1${path}${queryText(options.query)}`, headers, options.body)) as T;
  };
  return {
    server,
    get: (path, query) => send('GET', path, query === undefined ? {} : { query }),
    post: (path, body) => send('POST', path, { body: body ?? {} }),
    patch: (path, body, version) => send('PATCH', path, { body, version }),
    delete: async (path) => void (await send('DELETE', path, {})),
  };
}

/** Sends one request and reads its answer. Also what `login` uses, which has no token yet. */
export async function request(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url + path, {
      method,
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new CliError(
      'SERVER_UNREACHABLE',
      `${url} cannot be reached: ${causeOf(error)}.`,
      'Check the address and that Datamap runs there; start one here with npm start.',
      { cause: error },
    );
  }
  const text = await response.text();
  const answer = parse(text);
  if (response.ok && (answer !== undefined || text === '')) return answer;
  if (answer === undefined)
    throw new CliError(
      'NOT_DATAMAP',
      `${url} answered ${response.status}, and not as a Datamap does.`,
      'Check the address: it is the one the console is opened at, without a path behind it.',
    );
  const problem = answer as Record<string, unknown>;
  if (response.status === 401 && problem['remedy'] === undefined)
    problem['remedy'] = `Sign in again: datamap login --url ${url}`;
  throw new ApiError(response.status, problem);
}

function queryText(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) for (const one of value) parameters.append(name, one);
    else if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** undici says only "fetch failed" and keeps the reason as the cause, or several of them. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (cause instanceof AggregateError) return causeOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
