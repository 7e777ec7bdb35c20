import type { Command } from 'commander';
import { createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { printJson, printLine } from '../terminal/output.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { runIdOf } from './runs.js';

export function stopCommand(program: Command): void {
  withCommonOptions(
    program.command('stop <run>').description('stop an open run, named by its number or id; what it has read is kept'),
  ).action(stop);
}

async function stop(name: string, options: CommonOptions): Promise<void> {
  const client = createClient(findServer(options));
  const answer = await client.post<{ runId: string; status: string }>(`/runs/${await runIdOf(client, name)}/stop`);
  if (options.json === true) printJson(answer);
  else printLine(`The run is ${answer.status}. See it end: datamap logs ${answer.runId} --follow`);
}
