import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One message that arrived, whatever was answered. */
export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  events: { id: string; type: string; subject?: string; data: Record<string, unknown> }[];
  answered: number;
}

export interface WebhookReceiver {
  url: string;
  received: Received[];
  /** Answers this from now on; 200 at first. */
  answer(status: number): void;
  stop(): Promise<void>;
}

/** A receiver of webhooks on an ephemeral port, which keeps what it got. */
export async function webhookReceiver(): Promise<WebhookReceiver> {
  let status = 200;
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      received.push({ headers: request.headers, body, events: JSON.parse(body), answered: status });
      response.writeHead(status).end('x'.repeat(100_000));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?team=data`,
    received,
    answer: (next) => {
      status = next;
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a receiver that follows the Standard Webhooks specification finds the signature should be. */
export function expectedSignature(secret: string, { headers, body }: Received): string {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
