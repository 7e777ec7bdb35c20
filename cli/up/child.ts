import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { lastLines } from '../embedded/log-file.js';
import { CliError } from '../errors.js';
import type { Incarnation } from './supervisor.js';

/** Bytes after which a log file is put aside at the next start; one older file is kept. */
const LOG_LIMIT = 20 * 1024 * 1024;

export interface ChildOptions {
  command: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** What to do when it does not start; by default, to mend what its last words name. */
  remedy?: string;
  /** Told the id of the process as soon as there is one. */
  onSpawn(pid: number): void;
  /** Resolves when the child does its work; it is given up when this rejects. */
  ready(ended: Promise<string>): Promise<void>;
}

/**
 * Starts one of our own programs as a process of its own, in its own process group, so that a Ctrl-C at the terminal
 * reaches it in the order that `up` decides. Its words go to a file.
 * @throws CliError PROGRAM_FAILED when it ends, or is not ready in time; the message has its last words
 */
export async function startChild(options: ChildOptions): Promise<Incarnation> {
  const { child, ended } = spawnLogged(options);
  const incarnation: Incarnation = {
    ended,
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  };
  try {
    await options.ready(ended);
  } catch (error) {
    incarnation.kill();
    await ended;
    const cause = error instanceof Error ? error.message : String(error);
    throw failed(cause, options);
  }
  return incarnation;
}

/**
 * Runs one of our own programs to its end.
 * @param name what it is called in the error
 * @throws CliError PROGRAM_FAILED when it does not end well; the message has its last words
 */
export async function runChild(name: string, options: Omit<ChildOptions, 'ready'>): Promise<void> {
  const how = await spawnLogged(options).ended;
  if (how !== WELL) throw failed(`${name} ended early (${how})`, options);
}

const WELL = 'exit code 0';

function spawnLogged(options: Omit<ChildOptions, 'ready'>): { child: ChildProcess; ended: Promise<string> } {
  rotate(options.logFile);
  const log = openSync(options.logFile, 'a', 0o600);
  const child = spawn(options.command, options.args, {
    env: options.env,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `killed by ${signal}`));
  });
  if (child.pid !== undefined) options.onSpawn(child.pid);
  return { child, ended };
}

function failed(cause: string, { logFile, remedy }: Pick<ChildOptions, 'logFile' | 'remedy'>): CliError {
  return new CliError(
    'PROGRAM_FAILED',
    `${cause}. Its last words, from ${logFile}:\n${lastLines(logFile)}`,
    remedy ?? 'Mend what it names and start again; if it names nothing of yours, report it with these lines.',
  );
}

function rotate(file: string): void {
  if (!existsSync(file) || statSync(file).size < LOG_LIMIT) return;
  rmSync(`${file}.1`, { force: true });
  renameSync(file, `${file}.1`);
}
