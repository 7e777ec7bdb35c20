import { CliError, EXIT } from '../errors.js';
import { remark } from '../terminal/output.js';
import type { Stack } from './stack.js';

/** Thrown into a start that a signal interrupts. */
export class Interrupted extends CliError {
  constructor() {
    super('INTERRUPTED', 'Interrupted while starting; what was started has been ended.', undefined, {
      exitCode: EXIT.interrupted,
    });
  }
}

/** Milliseconds in which a second signal is the echo of the first: the terminal and npm both send one for one Ctrl-C. */
const ECHO = 1_000;

export interface Ending {
  /** Resolves with the first signal that asks for the end. */
  asked: Promise<NodeJS.Signals>;
  /** Ends the stack in order, once; later calls wait for the same end. */
  end(): Promise<void>;
  watch(stack: Stack): void;
}

/** Listens for Ctrl-C and its kin; a second one hastens. */
export function awaitEnding(): Ending {
  let stack: Stack | undefined;
  let ending: Promise<void> | undefined;
  let firstAt: number | undefined;
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (firstAt === undefined) {
          firstAt = Date.now();
          resolve(signal);
        } else if (Date.now() - firstAt > ECHO) {
          remark('Not waiting any longer.');
          stack?.hasten();
        }
      });
  });
  return {
    asked,
    watch: (next) => {
      stack = next;
    },
    end: () => {
      ending ??= endStack(stack);
      return ending;
    },
  };
}

async function endStack(stack: Stack | undefined): Promise<void> {
  if (stack === undefined || stack.running.length === 0) return;
  remark('\nEnding (Ctrl-C again to end at once)');
  await stack.stop((name) => remark(`  ${name}`));
  remark('Ended. What was collected is kept.');
}
