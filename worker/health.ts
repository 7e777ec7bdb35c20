import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface WorkerHealth {
  /** True when every worker of this process polls its queue. */
  ok: boolean;
  workers: { queue: string; state: string }[];
}

/**
 * Answers `GET /healthz` with 200 while the workers poll and 503 otherwise: a process that is up but polls nothing is
 * what must not look healthy.
 * @param port 0 for any free one
 */
export async function serveHealth(
  port: number,
  health: () => WorkerHealth,
): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    if (request.url !== '/healthz' && request.url !== '/') {
      response.writeHead(404).end();
      return;
    }
    const state = health();
    response.writeHead(state.ok ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(state));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
