import { Command, CommanderError } from 'commander';
import { crawlCommand } from './commands/crawl.js';
import { heldCommands } from './commands/held.js';
import { loginCommand } from './commands/login.js';
import { loginLinkCommand } from './commands/login-link.js';
import { logsCommand } from './commands/logs.js';
import { pauseCommand, resumeCommand } from './commands/pause.js';
import { planCommands } from './commands/plan.js';
import { retryCommand } from './commands/retry.js';
import { runsCommand } from './commands/runs.js';
import { searchCommand } from './commands/search.js';
import { showCommand } from './commands/show.js';
import { stopCommand } from './commands/stop.js';
import { CliError, EXIT } from './errors.js';
import { endWithReader } from './terminal/closed-pipe.js';
import { printJson } from './terminal/output.js';
import { upCommand } from './up/command.js';

const program = new Command('datamap')
  .description('A searchable map of your databases, collected on a durable schedule.')
  .showHelpAfterError('(add --help for what there is)')
  .exitOverride();

for (const add of [
  upCommand,
  crawlCommand,
  searchCommand,
  showCommand,
  runsCommand,
  logsCommand,
  stopCommand,
  pauseCommand,
  resumeCommand,
  heldCommands,
  retryCommand,
  planCommands,
  loginCommand,
  loginLinkCommand,
])
  add(program);
for (const command of program.commands) command.copyInheritedSettings(program);

endWithReader(process.stdout, () => process.exit());

try {
  await program.parseAsync();
} catch (error) {
  // What a failed start still waits for must not keep the process.
  process.exit(tell(error));
}

/** Says a failure once: the cause, then what to do. What nobody foresaw keeps its stack, since it is ours to mend. */
function tell(error: unknown): number {
  // Commander has printed its own words.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (!(error instanceof CliError)) {
    console.error(error);
    return EXIT.failure;
  }
  if (process.argv.includes('--json'))
    printJson({ error: { code: error.code, message: error.message, remedy: error.remedy } });
  console.error(`\n${error.message}`);
  if (error.remedy !== undefined) console.error(error.remedy);
  return error.exitCode;
}
