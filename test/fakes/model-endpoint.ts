import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Asked {
  at: number;
  path: string;
  headers: IncomingHttpHeaders;
  body: {
    model: string;
    messages: { role: string; content: string }[];
    response_format?: { type: string };
    [field: string]: unknown;
  };
  /** What was told of the table. */
  told: Told;
}

export interface Told {
  table: string;
  columns: { name: string; type: string; comment?: string }[];
  describe: { table: boolean; columns: string[] };
  [field: string]: unknown;
}

/** What the endpoint does with a request. */
export type Behaviour =
  /** Describes what it is asked for. */
  | 'describe'
  /** Never answers. */
  | 'stall'
  /** Closes the connection without a word. */
  | 'drop'
  /** Closes it in the middle of an answer. */
  | 'break off'
  /** An answer of HTTP. */
  | { status: number; headers?: Record<string, string>; body?: unknown }
  /** What the model says, in the place of JSON. */
  | { say: string | ((asked: Asked) => unknown); finish?: string; refusal?: string; usage?: null };

export interface ModelEndpoint {
  /** As OpenAI's clients take it, ending in /v1. */
  url: string;
  asked: Asked[];
  /** Does so from now on. */
  behave(behaviour: Behaviour | ((asked: Asked) => Behaviour)): void;
  /** Does so with the next requests, one each, and then as before. */
  next(...behaviours: Behaviour[]): void;
  /** Takes response formats no richer than this, as older servers do. */
  takes(format: 'json_schema' | 'json_object' | 'text', tokens?: 'max_tokens' | 'max_completion_tokens'): void;
  stop(): Promise<void>;
}

/** The key that it asks for. */
export const MODEL_KEY = 'sk-fake-4f6a1d0c9b7e';
const MODEL = 'fake-model';
const FORMATS = ['text', 'json_object', 'json_schema'];

/** An endpoint of the chat completions API on an ephemeral port, which can also fail, stall and answer nonsense. */
export async function modelEndpoint(port = 0): Promise<ModelEndpoint> {
  const asked: Asked[] = [];
  const soon: Behaviour[] = [];
  let usual: (asked: Asked) => Behaviour = () => 'describe';
  let format = 'json_schema';
  let tokens: string | undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked['body'];
      const one: Asked = {
        at: Date.now(),
        path: request.url ?? '',
        headers: request.headers,
        body,
        told: toldIn(body),
      };
      asked.push(one);
      const refusal = refusalOf(one);
      if (refusal !== undefined) error(response, refusal.status, refusal.error);
      else act(response, one, soon.shift() ?? usual(one));
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');

  function refusalOf({ path, headers, body }: Asked): { status: number; error: object } | undefined {
    if (path !== '/v1/chat/completions')
      return { status: 404, error: { message: `Unknown request URL: POST ${path}` } };
    if (headers.authorization !== `Bearer ${MODEL_KEY}`)
      return {
        status: 401,
        error: { message: `Incorrect API key provided: ${headers.authorization}`, code: 'invalid_api_key' },
      };
    if (body.model !== MODEL)
      return { status: 404, error: { message: `The model ${body.model} does not exist`, code: 'model_not_found' } };
    if (FORMATS.indexOf(body.response_format?.type ?? 'text') > FORMATS.indexOf(format))
      return { status: 400, error: { message: `'response_format.type' must be '${format}'` } };
    if (tokens !== undefined && !(tokens in body))
      return { status: 400, error: { message: `Unsupported parameter. Use '${tokens}' instead.` } };
    return undefined;
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    behave: (behaviour) => {
      usual = typeof behaviour === 'function' ? behaviour : () => behaviour;
    },
    next: (...behaviours) => {
      soon.push(...behaviours);
    },
    takes: (richest, name) => {
      format = richest;
      tokens = name;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function act(response: ServerResponse, asked: Asked, behaviour: Behaviour): void {
  if (behaviour === 'stall') return;
  if (behaviour === 'drop') {
    response.socket?.destroy();
    return;
  }
  if (behaviour === 'break off') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 5_000 }).write('{"choices": [');
    setTimeout(() => response.socket?.destroy(), 20);
    return;
  }
  if (behaviour === 'describe') say(response, asked, { say: describe });
  else if ('status' in behaviour) {
    response.writeHead(behaviour.status, { 'content-type': 'application/json', ...behaviour.headers });
    const { body = { error: { message: 'Made to fail' } } } = behaviour;
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  } else say(response, asked, behaviour);
}

function say(
  response: ServerResponse,
  asked: Asked,
  { say: saying, finish = 'stop', refusal, usage }: Extract<Behaviour, { say: unknown }>,
): void {
  const said = typeof saying === 'function' ? JSON.stringify(saying(asked)) : saying;
  const [prompt, completion] = [JSON.stringify(asked.body.messages).length, said.length].map((n) => Math.ceil(n / 4));
  response.writeHead(200, { 'content-type': 'application/json' }).end(
    JSON.stringify({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: Math.floor(Date.now() / 1_000),
      model: `${MODEL}-2026`,
      choices: [
        {
          index: 0,
          finish_reason: finish,
          logprobs: null,
          message: { role: 'assistant', content: refusal === undefined ? said : null, refusal: refusal ?? null },
        },
      ],
      ...(usage === null
        ? {}
        : {
            usage: {
              prompt_tokens: prompt,
              completion_tokens: completion,
              total_tokens: (prompt ?? 0) + (completion ?? 0),
            },
          }),
    }),
  );
}

/** Good descriptions of everything that is asked for. */
export function describe({ told }: Asked): object {
  return {
    ...(told.describe.table
      ? { table: { description: `Keeps the records that ${told.table} is about.`, confidence: 'medium' } }
      : {}),
    columns: told.describe.columns.map((name) => ({
      name,
      description: `Says for each row what its ${name} is.`,
      confidence: 'high',
    })),
  };
}

function toldIn(body: Asked['body']): Told {
  try {
    return JSON.parse(body.messages.at(-1)?.content ?? '') as Told;
  } catch {
    return { table: '', columns: [], describe: { table: false, columns: [] } };
  }
}

function error(response: ServerResponse, status: number, said: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: said }));
}
