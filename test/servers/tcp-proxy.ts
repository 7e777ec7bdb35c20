import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A way to a server over TCP that can be made a bad one. */
export interface TcpProxy {
  port: number;
  /** Bytes that came from the server, over all connections. */
  received(): number;
  /** Bytes a second that each connection gets from the server. */
  throttle(bytesPerSecond: number): void;
  /** Resets all connections once after so many more bytes from the server. */
  resetAfter(bytes: number): void;
  /** Nothing passes any more and nobody is told: connections stay open, new ones get no answer. */
  cut(): void;
  /** Resets what is open and lets new connections through as a good way does. */
  mend(): void;
  stop(): Promise<void>;
}

/** A slow connection gets its bytes in so many portions a second. */
const PORTIONS = 10;

/** Passes connections of a free local port on to a server. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const clients = new Set<Socket>();
  let received = 0;
  let rate: number | undefined;
  let resetAt: number | undefined;
  let isCut = false;

  const reset = () => {
    for (const client of clients) client.resetAndDestroy();
  };
  const answer = async (server: Socket, client: Socket) => {
    for await (const chunk of server as AsyncIterable<Buffer>) {
      for (let rest = chunk; rest.length > 0; ) {
        if (isCut) await once(client, 'close');
        if (client.destroyed) return;
        const part = rest.subarray(0, rate === undefined ? rest.length : Math.ceil(rate / PORTIONS));
        rest = rest.subarray(part.length);
        received += part.length;
        if (resetAt !== undefined && received >= resetAt) {
          resetAt = undefined;
          reset();
          return;
        }
        client.write(part);
        if (rate !== undefined) await delay(1_000 / PORTIONS);
      }
    }
    client.end();
  };

  const listener = createServer((client) => {
    const server = dial(target.port, target.host);
    clients.add(client);
    client.on('error', () => undefined);
    client.on('data', (chunk) => {
      if (!isCut) server.write(chunk);
    });
    client.on('close', () => {
      clients.delete(client);
      server.destroy();
    });
    answer(server, client).catch(() => client.destroy());
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as { port: number }).port,
    received: () => received,
    throttle: (bytesPerSecond) => {
      rate = bytesPerSecond;
    },
    resetAfter: (bytes) => {
      resetAt = received + bytes;
    },
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
      rate = undefined;
      resetAt = undefined;
      reset();
    },
    stop: async () => {
      reset();
      listener.close();
      await once(listener, 'close');
    },
  };
}
