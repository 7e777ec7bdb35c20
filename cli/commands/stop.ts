import type { Command } from 'commander';
import { createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { printJson, printLine } from '../terminal/output.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { runIdOf } from './runs.js';
import type { Run } from './wire.js';

export function stopCommand(program: Command): void {
  withCommonOptions(
    program
      .command('stop <run>')
      .description('stop an open run, named by its number or id; what it has published is kept')
      .option('--force', 'end a run that has not confirmed its Stop for a minute'),
  ).action(stop);
}

async function stop(name: string, options: CommonOptions & { force?: boolean }): Promise<void> {
  const client = createClient(findServer(options));
  if (options.force === true) {
    const run = await client.post<Run>(`/runs/${await runIdOf(client, name)}/force-stop`);
    if (options.json === true) printJson(run);
    else printLine(`Run ${run.number} is ${run.status}.`);
    return;
  }
  const answer = await client.post<{ runId: string; status: string }>(`/runs/${await runIdOf(client, name)}/stop`);
  if (options.json === true) printJson(answer);
  else printLine(`The run is ${answer.status}. See it end: datamap logs ${answer.runId} --follow`);
}
