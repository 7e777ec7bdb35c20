/** What a stream of server-sent events was sent: an event, or only an id to come back with. */
export interface Received {
  event: string;
  id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they were sent.
  data: any;
}

/** A client of a stream of events, as a browser is one, that comes back only when told to. */
export interface EventReader {
  status: number;
  headers: Headers;
  /** All it was sent, in order. */
  received: Received[];
  /** The text as it came. */
  text(): string;
  /** The id that a browser would come back with. */
  lastId(): string | undefined;
  /** The first event that fits, of those before and of those to come. Fails after ten seconds. */
  until(fits: (received: Received) => boolean): Promise<Received>;
  /** Resolves when the server has closed the stream. */
  ended: Promise<void>;
  leave(): void;
}

export async function readEventStream(url: string, headers: Record<string, string>): Promise<EventReader> {
  const leaving = new AbortController();
  const response = await fetch(url, { headers, signal: leaving.signal });
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  let lastId: string | undefined;
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of response.body ?? []) {
      const part = decoder.decode(chunk, { stream: true });
      text += part;
      const blocks = (rest + part).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const message = parse(block);
        lastId = message.id ?? lastId;
        if (message.data !== undefined) received.push(message);
      }
      for (const look of waiting) look();
    }
  };
  const ended = read().catch(() => undefined);
  return {
    status: response.status,
    headers: response.headers,
    received,
    text: () => text,
    lastId: () => lastId,
    until: (fits) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`No such event came, but: ${received.map(({ event }) => event).join(', ')}`));
        }, 10_000);
        const look = (): void => {
          const found = received.find(fits);
          if (found === undefined) return;
          clearTimeout(late);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    ended,
    leave: () => leaving.abort(),
  };
}

function parse(block: string): Received {
  const message: Received = { event: 'message', id: undefined, data: undefined };
  for (const line of block.split('\n')) {
    const [field, ...rest] = line.split(': ');
    const value = rest.join(': ');
    if (field === 'event') message.event = value;
    if (field === 'id') message.id = value;
    if (field === 'data') message.data = JSON.parse(value);
  }
  return message;
}
