import { setTimeout as delay } from 'node:timers/promises';

/** What came of asking for a while. */
export interface Load {
  /** Milliseconds that each answer took. */
  took: number[];
  /** Of all connections together, from the first question to the last answer. */
  seconds: number;
}

/** Asks once, on one of the connections; `turn` counts its questions. @throws when it is not answered as it must be */
export type Ask = (connection: number, turn: number) => Promise<void>;

/**
 * Each connection asks at a steady pace. Times count from when a question was due, so that what had to wait for the answer
 * before it is not taken for fast.
 * @param pace milliseconds between two questions of a connection; connections are spread over it
 */
export async function pacedLoad(connections: number, seconds: number, pace: number, ask: Ask): Promise<Load> {
  const turns = Math.max(1, Math.round((seconds * 1_000) / pace));
  return together(connections, async (connection, began, took) => {
    for (let turn = 0; turn < turns; turn += 1) {
      const due = began + (turn + connection / connections) * pace;
      await delay(Math.max(0, due - performance.now()));
      await ask(connection, turn);
      took.push(performance.now() - due);
    }
  });
}

/** Each connection asks again as soon as it has its answer. */
export async function closedLoad(connections: number, seconds: number, ask: Ask): Promise<Load> {
  return together(connections, async (connection, began, took) => {
    for (let turn = 0; performance.now() - began < seconds * 1_000; turn += 1) {
      const asked = performance.now();
      await ask(connection, turn);
      took.push(performance.now() - asked);
    }
  });
}

async function together(
  connections: number,
  work: (connection: number, began: number, took: number[]) => Promise<void>,
): Promise<Load> {
  const took: number[] = [];
  const began = performance.now();
  await Promise.all(Array.from({ length: connections }, (_, connection) => work(connection, began, took)));
  return { took, seconds: (performance.now() - began) / 1_000 };
}
