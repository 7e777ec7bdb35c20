import { Agent, request } from 'undici';

/** What the engine answered instead of a result. */
export class EngineRefused extends Error {
  constructor(
    readonly status: number,
    /** The engine's own code, e.g. `index_not_found`. */
    readonly engineCode: string,
    message: string,
  ) {
    super(message);
    this.name = 'EngineRefused';
  }
}

export interface HttpClient {
  send(url: string | URL | Request, init?: RequestInit): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * How the `meilisearch` client sends its requests here. Through `fetch` on a connection that is kept, each POST takes 40
 * to 50 ms longer: head and body leave in two segments, and the second waits for a delayed acknowledgement of
 * the first (docs/performance.md). `undici.request` sends them together.
 */
export function createHttpClient(): HttpClient {
  // An engine that indexes a large batch may be slow to accept the next; one that is silent for a minute is stuck.
  const agent = new Agent({
    connections: 16,
    connect: { timeout: 5_000 },
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
  });
  return {
    send: async (url, init = {}) => {
      const { statusCode, body } = await request(String(url), {
        dispatcher: agent,
        method: (init.method ?? 'GET') as 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        body: init.body as string | undefined,
        signal: init.signal ?? undefined,
      });
      const text = await body.text();
      const answer: unknown = text === '' ? undefined : parsed(text);
      if (statusCode < 400) return answer;
      const { code = 'unknown', message = `HTTP ${statusCode}` } = (answer ?? {}) as {
        code?: string;
        message?: string;
      };
      throw new EngineRefused(statusCode, code, message);
    },
    close: () => agent.close(),
  };
}

/** Something between us and the engine may answer HTML. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
