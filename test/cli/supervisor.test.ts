import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, it, vi } from 'vitest';
import { type Incarnation, type Part, type Supervised, supervise } from '../../cli/up/supervisor.js';

const children: ChildProcess[] = [];
const supervised: Supervised[] = [];
/** Of a wait that ends as soon as it can: on a busy machine a process takes its time to come up. */
const PATIENTLY = { timeout: 20_000 };

afterEach(async () => {
  for (const part of supervised.splice(0)) {
    part.hasten();
    await part.stop();
  }
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** A part whose process is a few words of shell. */
function shellPart(script: string, patience = 5_000): Part {
  return {
    name: 'fake',
    patience,
    start: async () => {
      const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
      children.push(child);
      const ended = new Promise<string>((resolve) =>
        child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`)),
      );
      // It has printed a line once its traps are set.
      await new Promise((resolve) => child.stdout.once('data', resolve));
      return { ended, stop: () => void child.kill('SIGTERM'), kill: () => void child.kill('SIGKILL') };
    },
  };
}

async function keep(part: Part, said: string[], backoff: number[] = [10]): Promise<Supervised> {
  const one = await supervise(part, { say: (line) => said.push(line), backoff });
  supervised.push(one);
  return one;
}

const RUNS = 'echo up; exec sleep 60';

it('starts a part again when its process is killed, and says so', async () => {
  const said: string[] = [];
  const part = await keep(shellPart(RUNS), said);
  children[0]?.kill('SIGKILL');
  await vi.waitFor(() => expect(part.restarts).toBe(1), PATIENTLY);
  expect(said).toEqual([
    'The fake ended (killed by SIGKILL). It is started again in 0.01 s.',
    'The fake is running again.',
  ]);
  expect(children[1]?.exitCode).toBeNull();
});

it('waits longer each time a part ends soon after its start', async () => {
  const said: string[] = [];
  await keep(shellPart('echo up; exit 3'), said, [1, 2, 4]);
  await vi.waitFor(
    () => expect(said.filter((line) => line.includes('ended')).length).toBeGreaterThanOrEqual(4),
    PATIENTLY,
  );
  const waits = said.filter((line) => line.includes('ended')).map((line) => /in ([\d.]+) s/.exec(line)?.[1]);
  expect(waits.slice(0, 4)).toEqual(['0.001', '0.002', '0.004', '0.004']);
});

it('goes on trying when a start fails', async () => {
  let attempts = 0;
  const whole = shellPart(RUNS);
  const said: string[] = [];
  const part = await keep(
    {
      ...whole,
      start: async (): Promise<Incarnation> => {
        attempts += 1;
        if (attempts === 2) throw new Error('no memory');
        return whole.start();
      },
    },
    said,
  );
  children[0]?.kill('SIGKILL');
  await vi.waitFor(() => expect(part.restarts).toBe(1), PATIENTLY);
  expect(said.join('\n')).toContain('The fake could not be started: no memory.');
});

it('hands on the failure of the first start', async () => {
  const start = async () => {
    throw new Error('no such program');
  };
  await expect(supervise({ name: 'fake', patience: 1, start }, { say: () => undefined })).rejects.toThrow(
    'no such program',
  );
});

it('lets a part end in its own time and does not start it again', async () => {
  const said: string[] = [];
  const part = await keep(shellPart('trap "exit 0" TERM; echo up; while :; do sleep 0.02; done'), said);
  await part.stop();
  expect(children[0]?.exitCode).toBe(0);
  expect(said).toEqual([]);
  expect(children).toHaveLength(1);
});

it('kills a part that does not end within its patience', async () => {
  const part = await keep(shellPart('trap "" TERM; echo up; while :; do sleep 0.02; done', 50), []);
  await part.stop();
  expect(children[0]?.signalCode).toBe('SIGKILL');
});

it('kills at once what is being stopped when it is hastened', async () => {
  const part = await keep(shellPart('trap "" TERM; echo up; while :; do sleep 0.02; done', 600_000), []);
  const stopped = part.stop();
  part.hasten();
  await stopped;
  expect(children[0]?.signalCode).toBe('SIGKILL');
});

it('can be stopped while it waits to start a part again', async () => {
  const said: string[] = [];
  const part = await keep(shellPart('echo up; exit 1'), said, [600_000]);
  await vi.waitFor(() => expect(said).toHaveLength(1), PATIENTLY);
  await part.stop();
  expect(children).toHaveLength(1);
});
