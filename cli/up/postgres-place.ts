import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Layout } from '../data-directory.js';
import { mayEnter, serverAccount } from '../embedded/postgres-account.js';
import { SHARED_STATE } from '../embedded/postgres-binaries.js';

/**
 * Where the embedded PostgreSQL keeps its data: in the data directory. Only where root runs it and the account it lends
 * cannot get there, as below a /root that is closed to others, in a directory of its own under /var/lib/datamap, whose
 * path is kept in the data directory.
 */
export function placeForPostgres(layout: Layout): { directory: string; elsewhere: boolean } {
  const pointer = `${layout.postgres}.location`;
  if (existsSync(pointer)) return { directory: readFileSync(pointer, 'utf8').trim(), elsewhere: true };
  const account = serverAccount();
  if (account === undefined || existsSync(layout.postgres) || mayEnter(account, layout.root))
    return { directory: layout.postgres, elsewhere: false };
  const home = join(SHARED_STATE, `data-${randomBytes(6).toString('hex')}`);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  chmodSync(SHARED_STATE, 0o755);
  chownSync(home, account.uid, account.gid);
  const directory = join(home, 'postgres');
  writeFileSync(pointer, `${directory}\n`, { mode: 0o600 });
  return { directory, elsewhere: true };
}
