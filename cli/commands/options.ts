import type { Command } from 'commander';
import type { ServerOptions } from '../server/find-server.js';

/** What every command but `up` takes. */
export interface CommonOptions extends ServerOptions {
  json?: boolean;
}

/** Adds the options that say which server to talk to and how to answer. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'answer in JSON')
    .option('--url <url>', 'address of the Datamap to talk to (or DATAMAP_URL)')
    .option('--token <token>', 'API token (better as DATAMAP_TOKEN: arguments can be seen by other users)')
    .option('--data-dir <directory>', 'talk to the instance that runs on this data directory');
}

/** For an option that may be given several times. */
export const collect = (value: string, earlier: string[] = []): string[] => [...earlier, value];
