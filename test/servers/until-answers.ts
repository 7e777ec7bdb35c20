import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';

/** How often, and how many times, a server is looked at that is starting: for a minute in all. */
const LOOK_EVERY = 100;
const LOOKS = 600;

/** Waits until a server that speaks MySQL's protocol takes a connection. A server that never does is ended. */
export async function untilAnswers(name: string, child: ChildProcess, url: string): Promise<void> {
  for (let look = 0; ; look += 1) {
    try {
      return await (await createConnection(url)).end();
    } catch (error) {
      if (child.exitCode !== null || look > LOOKS) {
        child.kill('SIGKILL');
        throw new Error(`${name} did not start: ${String(error)}`);
      }
      await delay(LOOK_EVERY);
    }
  }
}
