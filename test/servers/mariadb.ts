import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { untilAnswers } from './until-answers.js';

const DAEMON = '/usr/sbin/mariadbd';

/** Starts a private MariaDB. Returns nothing when the Debian package mariadb-server is not installed. */
export async function startMariadb(
  directory: string,
  port: number,
): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  if (!existsSync(DAEMON)) return undefined;
  const data = join(directory, 'mariadb');
  // Its own: a server that starts empties the directory of temporary tables, also of another server's.
  const temporary = join(directory, 'mariadb-tmp');
  for (const folder of [data, temporary]) mkdirSync(folder, { recursive: true });
  const account = process.getuid?.() === 0 ? ['--user=mysql'] : [];
  if (account.length > 0) execFileSync('chown', ['-R', 'mysql:mysql', data, temporary]);
  execFileSync(
    'mariadb-install-db',
    ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...account],
    { stdio: 'ignore' },
  );
  const child = spawn(
    DAEMON,
    [
      '--no-defaults',
      `--datadir=${data}`,
      `--tmpdir=${temporary}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(data, 'mariadb.sock')}`,
      '--skip-name-resolve',
      '--innodb-flush-log-at-trx-commit=0',
      '--character-set-server=utf8mb4',
      ...account,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `mysql://root@127.0.0.1:${port}/`;
  await untilAnswers('MariaDB', child, url);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
