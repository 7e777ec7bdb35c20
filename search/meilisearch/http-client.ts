import { AsyncLocalStorage } from 'node:async_hooks';
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

/** How requests are sent while some work is done. */
export interface Terms {
  /** Milliseconds until a request that the engine is silent on fails. */
  silence: number;
  signal?: AbortSignal | undefined;
}

export interface HttpClient {
  /** Sends what `work` sends on other terms than the usual ones. */
  on<T>(terms: Partial<Terms>, work: () => Promise<T>): Promise<T>;
  send(url: string | URL | Request, init?: RequestInit): Promise<unknown>;
  close(): Promise<void>;
}

/** Milliseconds. People wait for most requests, and an engine that works answers them in a few. */
const SILENCE = 5_000;

/**
 * How the `meilisearch` client sends its requests here. Through `fetch` on a connection that is kept, each POST takes 40
 * to 50 ms longer: head and body leave in two segments, and the second waits for a delayed acknowledgement of
 * the first (docs/performance.md). `undici.request` sends them together.
 */
export function createHttpClient(): HttpClient {
  const agent = new Agent({ connections: 16, connect: { timeout: 5_000 } });
  const terms = new AsyncLocalStorage<Terms>();
  return {
    on: (other, work) => terms.run({ silence: SILENCE, ...terms.getStore(), ...other }, work),
    send: async (url, init = {}) => {
      const { silence, signal } = terms.getStore() ?? { silence: SILENCE };
      const signals = [signal, init.signal].filter((one) => one !== undefined && one !== null);
      const { statusCode, body } = await request(String(url), {
        dispatcher: agent,
        method: (init.method ?? 'GET') as 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        body: init.body as string | undefined,
        headersTimeout: silence,
        bodyTimeout: silence,
        signal: signals.length === 0 ? undefined : AbortSignal.any(signals),
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
