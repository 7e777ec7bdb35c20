import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { freePort } from '../../cli/embedded/free-port.js';

/** A server that keeps documents by Meilisearch's protocol, may be away, and finds nothing. */
export interface FakeMeilisearch {
  url: string;
  /** What it holds, by id. */
  documents: Map<string, Record<string, unknown>>;
  /** While set, it takes connections and requests, and answers none. */
  silent: boolean;
  /** Listens, with what it held before. */
  start(): Promise<void>;
  /** Refuses connections from now on, those that are open too. */
  stop(): Promise<void>;
}

/**
 * Makes one of a single index, which does not listen yet. It speaks as much as an index is written with: whatever is
 * asked of it is a task, and every task has succeeded by the time it is asked about.
 * https://www.meilisearch.com/docs/reference/api/tasks
 */
export async function fakeMeilisearch(): Promise<FakeMeilisearch> {
  const port = await freePort();
  const documents: FakeMeilisearch['documents'] = new Map();
  let tasks = 0;
  const act = (method: string, path: string, body: unknown): object => {
    if (path === '/health') return { status: 'available' };
    if (method === 'GET' && path.startsWith('/tasks/'))
      return { uid: Number(path.slice('/tasks/'.length)), status: 'succeeded', error: null };
    if (path.endsWith('/documents'))
      for (const document of body as Record<string, unknown>[]) documents.set(String(document['id']), document);
    if (path.endsWith('/documents/delete-batch')) for (const id of body as string[]) documents.delete(String(id));
    tasks += 1;
    return { taskUid: tasks, status: 'enqueued' };
  };
  let server: Server | undefined;
  const fake: FakeMeilisearch = {
    url: `http://127.0.0.1:${port}`,
    documents,
    silent: false,
    start: async () => {
      server = createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        if (fake.silent) return;
        const body = Buffer.concat(chunks).toString();
        const { pathname } = new URL(request.url ?? '/', `http://127.0.0.1:${port}`);
        const answer = act(request.method ?? 'GET', pathname, body === '' ? undefined : JSON.parse(body));
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      }).listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    stop: async () => {
      const stopping = server;
      server = undefined;
      if (stopping === undefined) return;
      stopping.closeAllConnections();
      stopping.close();
      await once(stopping, 'close');
    },
  };
  return fake;
}
