import { rmSync, writeFileSync } from 'node:fs';
import type { Layout } from '../data-directory.js';
import { CliError } from '../errors.js';
import { readJson } from '../private-file.js';
import { isAlive, markOf, type ProcessMark } from '../process-identity.js';
import { instanceAt } from '../server/instances.js';

/**
 * Makes this process the only one on a data directory; a holder that was killed is replaced.
 * @returns gives the directory back
 * @throws CliError ALREADY_RUNNING with the address of who has it
 */
export function holdDataDirectory(layout: Layout): () => void {
  const mine = JSON.stringify(markOf(process.pid));
  for (;;) {
    try {
      writeFileSync(layout.lock, mine, { flag: 'wx', mode: 0o600 });
      return () => rmSync(layout.lock, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = readJson<ProcessMark>(layout.lock);
    if (holder !== undefined && isAlive(holder)) throw alreadyRunning(layout, holder);
    rmSync(layout.lock, { force: true });
  }
}

function alreadyRunning(layout: Layout, holder: ProcessMark): CliError {
  const url = instanceAt(layout.root)?.url;
  return new CliError(
    'ALREADY_RUNNING',
    `Datamap already runs on ${layout.root}: ${url === undefined ? 'it is just starting' : url} (process ${holder.pid}).`,
    `Use that one, end it with Ctrl-C where it runs (or kill ${holder.pid}), or start another with its own --data-dir.`,
  );
}
