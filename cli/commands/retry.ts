import type { Command } from 'commander';
import { createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { printJson, printLine } from '../terminal/output.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { runIdOf } from './runs.js';

export function retryCommand(program: Command): void {
  withCommonOptions(
    program
      .command('retry <run>')
      .description('collect again what a run, named by its number or id, did not collect whole'),
  ).action(retry);
}

async function retry(name: string, options: CommonOptions): Promise<void> {
  const client = createClient(findServer(options));
  const run = await client.post<{ runId: string; number: number | null }>(
    `/runs/${await runIdOf(client, name)}/retry`,
    {},
  );
  if (options.json === true) printJson(run);
  else printLine(`Run ${run.number ?? run.runId} is on its way. Follow it: datamap logs ${run.runId} --follow`);
}
