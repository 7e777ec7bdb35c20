import type { Command } from 'commander';
import { createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { printJson, printLine } from '../terminal/output.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { runIdOf } from './runs.js';
import type { Run } from './wire.js';

export function pauseCommand(program: Command): void {
  withCommonOptions(
    program
      .command('pause <run>')
      .description('pause an open run, named by its number or id, after the page in work')
      .option('--note <text>', 'why, for whoever looks at it'),
  ).action((name: string, { note, ...options }: CommonOptions & { note?: string }) =>
    change(name, 'pause', note === undefined ? {} : { note }, options),
  );
}

export function resumeCommand(program: Command): void {
  withCommonOptions(program.command('resume <run>').description('let a paused run go on where it rests')).action(
    (name: string, options: CommonOptions) => change(name, 'resume', undefined, options),
  );
}

async function change(name: string, verb: 'pause' | 'resume', body: object | undefined, options: CommonOptions) {
  const client = createClient(findServer(options));
  const run = await client.post<Run>(`/runs/${await runIdOf(client, name)}/${verb}`, body);
  if (options.json === true) printJson(run);
  else printLine(`Run ${run.number} is ${run.pause === null ? run.status : 'paused'}.`);
}
