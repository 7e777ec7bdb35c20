import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface WorkerProgramSettings {
  databaseUrl: string;
  temporal: string;
  secretKey: string;
  workflowBundle: string;
  graceTime: number;
  /** A source in memory of so many tables, each page of which takes so many milliseconds; the real ones without it. */
  synthetic?: { tables: number; pageMs: number } | undefined;
  /** Milliseconds that its clock is ahead of the machine's. */
  clockAhead?: number | undefined;
}

export interface WorkerProcess {
  /** Sends the signal and returns when the process is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** All it has said. */
  said(): string;
}

/** Starts test/stack/worker-program.ts and returns when it works. */
export async function startWorkerProcess(settings: WorkerProgramSettings): Promise<WorkerProcess> {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'test/stack/worker-program.ts'], {
    env: { ...process.env, WORKER_PROGRAM: JSON.stringify(settings) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = once(child, 'close');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk) => {
        said += chunk;
        if (said.includes('"msg":"Working"')) resolve();
      });
    void gone.then(() => reject(new Error(`The worker ended while starting: ${said}`)));
  });
  return {
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      await gone;
    },
    said: () => said,
  };
}
