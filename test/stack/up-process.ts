import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isAlive, type ProcessMark } from '../../cli/process-identity.js';

/** A `datamap up` of a test's own, from the sources, and what it has said. */
export interface UpProcess {
  child: ChildProcess;
  said(): string;
  /** Resolves when all is up and said; rejects with what was said when it ends before. */
  ready: Promise<void>;
  ended: Promise<number | NodeJS.Signals>;
}

const LAST_WORDS = 'Ctrl-C ends everything; nothing is lost.';

/**
 * Starts `datamap up` on a data directory.
 * @param home where the command line keeps what belongs to a person
 */
export function startUp(dataDirectory: string, home: string, ...options: string[]): UpProcess {
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      resolve('cli/main.ts'),
      'up',
      '--data-dir',
      dataDirectory,
      '--no-open',
      ...(options.includes('--search') ? [] : ['--search', 'postgresql']),
      ...options,
    ],
    { env: environment(home), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let text = '';
  const ended = new Promise<number | NodeJS.Signals>((done) =>
    child.once('close', (code, signal) => done(signal ?? code ?? -1)),
  );
  const ready = new Promise<void>((done, fail) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes(LAST_WORDS)) done();
      });
    void ended.then((how) => fail(new Error(`up ended (${how}):\n${text}`)));
  });
  // Who only waits for the end does not look at it.
  ready.catch(() => undefined);
  return { child, said: () => text, ready, ended };
}

/** Runs another command of the command line to its end. */
export async function datamap(home: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', resolve('cli/main.ts'), ...args], {
    env: environment(home),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const code = await new Promise<number>((done) => child.once('close', (status) => done(status ?? -1)));
  return { code, out, err };
}

/** The processes that an `up` has written down, by name. */
export function processesOf(dataDirectory: string): Record<string, ProcessMark> {
  return JSON.parse(readFileSync(join(dataDirectory, 'processes.json'), 'utf8')) as Record<string, ProcessMark>;
}

/** Which of them are alive. */
export function alive(processes: Record<string, ProcessMark>): string[] {
  return Object.keys(processes).filter((name) => isAlive(processes[name] as ProcessMark));
}

function environment(home: string): NodeJS.ProcessEnv {
  const { DATABASE_URL: _, TEMPORAL_ADDRESS: __, DATAMAP_URL: ___, DATAMAP_TOKEN: ____, ...rest } = process.env;
  return { ...rest, DATAMAP_CONFIG_DIR: home };
}
