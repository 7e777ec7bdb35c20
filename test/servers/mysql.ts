import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../cli/embedded/free-port.js';
import { untilAnswers } from './until-answers.js';

/** Where install-mysql.sh unpacks it. */
const ROOT = resolve('.datamap', 'test-servers', 'mysql');

/** Whether one can be started. It comes from a suite that changes daily, so that not to have it is no failure. */
export const hasMysql = (): boolean => existsSync(join(ROOT, 'usr/sbin/mysqld'));

/**
 * Starts a MySQL for the tests of one file, by the loader and with the libraries that were unpacked with it: they are
 * newer than the system's.
 */
export async function startMysql(): Promise<{ url: string; stop(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'datamap-mysql-'));
  const port = await freePort();
  const data = join(directory, 'data');
  const loader = join(ROOT, 'usr/lib64/ld-linux-x86-64.so.2');
  const program = [
    ...['--library-path', ['usr/lib/x86_64-linux-gnu', 'usr/lib/mysql/private'].map((at) => join(ROOT, at)).join(':')],
    join(ROOT, 'usr/sbin/mysqld'),
    '--no-defaults',
    `--datadir=${data}`,
    `--lc-messages-dir=${join(ROOT, 'usr/share/mysql')}`,
    `--character-sets-dir=${join(ROOT, 'usr/share/mysql/charsets')}`,
    `--plugin-dir=${join(ROOT, 'usr/lib/mysql/plugin')}`,
    '--secure-file-priv=NULL',
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ];
  await promisify(execFile)(loader, [...program, '--initialize-insecure']);
  const child = spawn(
    loader,
    [
      ...program,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(data, 'mysql.sock')}`,
      `--pid-file=${join(data, 'mysql.pid')}`,
      '--mysqlx=0',
      '--skip-log-bin',
      '--innodb-flush-log-at-trx-commit=0',
      '--performance-schema=0',
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((settle) => child.once('exit', () => settle()));
  const url = `mysql://root@127.0.0.1:${port}/`;
  await untilAnswers('MySQL', child, url);
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
