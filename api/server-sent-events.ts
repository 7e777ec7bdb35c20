import { setTimeout as delay } from 'node:timers/promises';
import type { Request, Response } from 'express';

const HEARTBEAT_MS = 15_000;

/** An open stream of server-sent events. */
export interface EventStream {
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  send(event: string, data: unknown): void;
}

/**
 * Answers with a stream of events and closes it when `work` ends. A comment every 15 seconds keeps proxies from
 * closing a quiet stream.
 */
export async function streamEvents(
  request: Request,
  response: Response,
  work: (stream: EventStream) => Promise<void>,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  beginStream(response);
  const heartbeat = setInterval(() => response.write(':\n\n'), HEARTBEAT_MS);
  try {
    await work({
      signal: gone.signal,
      send: (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    });
  } catch (error) {
    // The status line is out already: the client is told by an event, the log by the request's own logger.
    request.log.error({ err: error }, 'A stream of events ended early');
    response.write('event: broken\ndata: {}\n\n');
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

/** Sends the headers of a stream of events. */
export function beginStream(response: Response): void {
  response.writeHead(200, {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store, no-transform',
    // nginx would hold events back until its buffer is full.
    'X-Accel-Buffering': 'no',
  });
  response.flushHeaders();
}

/** Waits, or returns early when the client is gone. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => undefined);
}
