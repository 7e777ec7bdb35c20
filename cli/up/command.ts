import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_DATA_DIRECTORY } from '../data-directory.js';
import { SEARCH_CHOICES, type UpOptions } from './options.js';

export function upCommand(program: Command): void {
  program
    .command('up')
    .description('run the whole of Datamap on this machine: PostgreSQL, Temporal, a worker and the API (npm start)')
    .option('--port <port>', 'port of the API and console; a free one is chosen without it when 8080 is taken', port)
    .option('--data-dir <directory>', 'where everything is kept', DEFAULT_DATA_DIRECTORY)
    .option('--no-sample', 'do not make and collect the sample shop')
    .option('--no-open', 'do not open a browser')
    .addOption(
      new Option('--search <engine>', 'what answers search; auto takes Meilisearch where MEILI_URL or the PATH has one')
        .choices(SEARCH_CHOICES)
        .default('auto'),
    )
    .option('--watch', 'start API and worker again whenever a source changes (npm run dev)')
    // Loaded when it is wanted: the other commands need none of it, and are to be quick.
    .action(async (options: UpOptions) => (await import('./up.js')).up(options));
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('It is a number from 1 to 65535.');
  return value;
}
