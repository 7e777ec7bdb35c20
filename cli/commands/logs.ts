import { setTimeout as delay } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { printLine, visible } from '../terminal/output.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { runIdOf } from './runs.js';
import type { RunLog } from './wire.js';

interface LogsOptions extends CommonOptions {
  follow?: boolean;
  level?: string;
}

/** Milliseconds between two looks for new lines. */
const INTERVAL = 500;

export function logsCommand(program: Command): void {
  withCommonOptions(
    program
      .command('logs <run>')
      .description('print the log of a run, named by its number or id; with --json, one object a line')
      .option('--follow', 'go on until the run has ended')
      .addOption(
        new Option('--level <level>', 'the least severe level to print').choices(['debug', 'info', 'warn', 'error']),
      ),
  ).action(logs);
}

async function logs(name: string, options: LogsOptions): Promise<void> {
  const client = createClient(findServer(options));
  const runId = await runIdOf(client, name);
  let cursor: string | undefined;
  for (;;) {
    const page: RunLog = await client.get(`/runs/${runId}/log`, { cursor, level: options.level, limit: 1000 });
    for (const line of page.lines) printLine(options.json === true ? JSON.stringify(line) : text(line));
    cursor = page.nextCursor ?? cursor;
    if (page.lines.length > 0 && page.nextCursor !== undefined) continue;
    if (options.follow !== true || !page.open) return;
    await delay(INTERVAL);
  }
}

function text({ at, level, step, message, fields }: RunLog['lines'][number]): string {
  const details = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return visible([at, level.padEnd(5), step.padEnd(8), message, ...details].join('  '));
}
