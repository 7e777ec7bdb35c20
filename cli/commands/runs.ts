import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { type Client, createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { findItem } from '../server/pages.js';
import { printJson, printTable, remark, seconds } from '../terminal/output.js';
import { type CommonOptions, collect, withCommonOptions } from './options.js';
import type { RunSummary } from './wire.js';

interface RunsOptions extends CommonOptions {
  status?: string[];
  limit: string;
}

export function runsCommand(program: Command): void {
  withCommonOptions(
    program
      .command('runs')
      .description('list the latest runs')
      .option('--status <status>', 'only runs of this status', collect)
      .option('--limit <n>', 'how many at most, 1 to 200', '20'),
  ).action(runs);
}

async function runs(options: RunsOptions): Promise<void> {
  const client = createClient(findServer(options));
  const page = await client.get<{ items: RunSummary[] }>('/runs', { status: options.status, limit: options.limit });
  if (options.json === true) {
    printJson(page);
    return;
  }
  if (page.items.length === 0) {
    remark('There are no runs yet. Make one: datamap crawl postgres://user@host/database');
    return;
  }
  printTable(
    ['run', 'crawler', 'trigger', 'status', 'tables', 'added', 'changed', 'removed', 'seconds', 'started'],
    page.items.map((run) => [
      String(run.number),
      run.crawlerName,
      run.trigger,
      run.status,
      run.counts.tables ?? 0,
      run.counts.added ?? 0,
      run.counts.changed ?? 0,
      run.counts.removed ?? 0,
      run.endedAt === null ? '' : seconds(run.startedAt, run.endedAt).toFixed(1),
      run.startedAt ?? run.queuedAt,
    ]),
    [0, 4, 5, 6, 7, 8],
  );
}

/**
 * The id of the run that a person names by its number or id.
 * @throws UsageError when it is neither, or there is none
 */
export async function runIdOf(client: Client, name: string): Promise<string> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) return name;
  if (!/^\d{1,15}$/.test(name))
    throw new UsageError(`${name} is not a run.`, 'Give its number or id, as datamap runs lists them.');
  // Newest first, so an older number is the end of the search.
  const found = await findItem<RunSummary>(client, '/runs', { limit: 200 }, (run) => run.number <= Number(name));
  if (found?.number === Number(name)) return found.id;
  throw new UsageError(`There is no run number ${name} that you may see.`, 'See which there are: datamap runs');
}
