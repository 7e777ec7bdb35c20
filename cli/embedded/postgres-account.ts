import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';
import { PostgresStartError } from './postgres-start-error.js';

/** Ids of the system account that a server runs as. */
export interface Account {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root, so root lends it the account `postgres`, made when missing. Nothing for everyone
 * else: the server then runs as the person who starts it.
 */
export function serverAccount(): Account | undefined {
  if (process.platform === 'win32' || userInfo().uid !== 0) return undefined;
  const known = idsOf('postgres');
  if (known !== undefined) return known;
  try {
    execFileSync(
      'useradd',
      ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
  } catch (error) {
    throw new PostgresStartError(
      'PostgreSQL does not run as root, and no account for it could be made ' +
        `(useradd postgres: ${reasonOf(error)}). ` +
        'Start Datamap as another user than root, or make an account named postgres.',
    );
  }
  const made = idsOf('postgres');
  if (made === undefined) throw new PostgresStartError('The account postgres was made but cannot be found.');
  return made;
}

/** Whether the account may open what is inside a directory: every directory above it must let it pass. */
export function mayEnter(account: Account, directory: string): boolean {
  try {
    execFileSync('test', ['-x', directory], { ...account, cwd: '/', stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const said = 'stderr' in error && error.stderr !== null ? String(error.stderr).trim() : '';
  return said === '' ? error.message : said;
}

function idsOf(name: string): Account | undefined {
  const idOf = (flag: string) =>
    Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    return undefined;
  }
}
