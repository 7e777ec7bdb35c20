import { type Command, Option } from 'commander';
import { CliError, EXIT } from '../errors.js';
import { ApiError, type Client, createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { everyItem } from '../server/pages.js';
import { printJson, printLine, printTable, remark, seconds, visible } from '../terminal/output.js';
import { runProgress } from '../terminal/run-progress.js';
import { type CrawlerChoice, ensureCrawler } from './ensure-crawler.js';
import { followRun, unitsOf } from './follow-run.js';
import { type CommonOptions, collect, withCommonOptions } from './options.js';
import type { Crawler, Run, RunProblem, RunUnit } from './wire.js';

interface CrawlOptions extends CommonOptions {
  database?: string[];
  all?: boolean;
  name?: string;
  workspace?: string;
  group: string;
  environment: CrawlerChoice['environment'];
  update?: boolean;
  anyway?: boolean;
}

export function crawlCommand(program: Command): void {
  withCommonOptions(
    program
      .command('crawl <url>')
      .description('collect the databases of a server: postgres://user@host/database, mysql://user@host/database')
      .option('--database <name>', 'collect this database (several times if you like)', collect)
      .option('--all', 'collect every database that the account may open')
      .option('--name <name>', 'name of the crawler')
      .option('--workspace <name>', 'name or id of the workspace')
      .option('--group <id>', 'resource group to collect with', 'default')
      .addOption(
        new Option('--environment <environment>', 'what the source is, when it is new to Datamap')
          .choices(['production', 'development'])
          .default('production'),
      )
      .option('--update', 'replace the account and password of a data source that exists by those of the URL')
      .option(
        '--anyway',
        'queue the run without a connection test, even when no worker of the resource group is alive',
      ),
  ).action(crawl);
}

async function crawl(url: string, options: CrawlOptions): Promise<void> {
  // The source types' schemas: no other command needs them.
  const { parseTarget } = await import('./crawl-target.js');
  const target = parseTarget(url);
  const client = createClient(findServer(options));
  const crawler = await ensureCrawler(client, target, {
    databases: options.database ?? [],
    all: options.all === true,
    group: options.group,
    environment: options.environment,
    update: options.update === true,
    untested: options.anyway === true,
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.workspace === undefined ? {} : { workspace: options.workspace }),
  });
  const runId = await startRun(client, crawler, options.anyway === true);
  const interrupted = () => {
    remark(`\nThe run goes on. Follow it with datamap logs ${runId} --follow, end it with datamap stop ${runId}.`);
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', interrupted);
  const run = await followRun(client, runId, runProgress(options.json === true));
  process.off('SIGINT', interrupted);
  await report(client, run, options.json === true);
}

/** Starts a run, or joins the one that is open. */
export async function startRun(client: Client, crawler: Pick<Crawler, 'id' | 'name'>, anyway = false): Promise<string> {
  try {
    const started = await client.post<{ runId: string }>(`/crawlers/${crawler.id}/runs`, anyway ? { anyway } : {});
    return started.runId;
  } catch (error) {
    const open =
      error instanceof ApiError && error.code === 'RUN_OPEN' ? (error.problem['run'] as Partial<Run>) : undefined;
    if (open?.id === undefined) throw error;
    remark(`A run of "${crawler.name}" is open already (number ${open.number}); following that one.`);
    return open.id;
  }
}

async function report(client: Client, run: Run, json: boolean): Promise<void> {
  const units = await unitsOf(client, run.id);
  const problems: RunProblem[] = [];
  if (run.problems > 0)
    for await (const problem of everyItem<RunProblem>(client, `/runs/${run.id}/problems`)) {
      problems.push(problem);
      if (problems.length === 20) break;
    }
  if (json) printJson({ run, units, problems });
  else if (units.length > 0) printReport(run, units, problems);
  if (run.status === 'succeeded') return;
  const failed = units.find((unit) => unit.error !== null);
  const cause = run.error ?? failed?.error ?? undefined;
  if (run.status === 'partial') {
    remark(
      `The run is partial: ${cause?.message ?? (run.counts.held ? `${run.counts.held} removals were held back` : 'see the problems above')}.`,
    );
    process.exitCode = EXIT.partial;
    return;
  }
  throw new CliError(
    cause?.code ?? `RUN_${run.status.toUpperCase()}`,
    `Run ${run.number} ${run.status}${cause === undefined ? '' : `: ${cause.message}`}`,
    cause?.remedy ?? `See what it did: datamap logs ${run.id}`,
  );
}

function printReport(run: Run, units: RunUnit[], problems: RunProblem[]): void {
  const columns = ['added', 'changed', 'removed', 'unchanged'] as const;
  const rate = (tables: number, time: number) => (time > 0 ? Math.round(tables / time) : tables);
  const row = (name: string, counts: Record<string, number | undefined>, time: number) => [
    name,
    counts['tables'] ?? 0,
    ...columns.map((column) => (counts[column] ?? 0) + (column === 'added' ? (counts['restored'] ?? 0) : 0)),
    time.toFixed(1),
    rate(counts['tables'] ?? 0, time),
  ];
  const rows = units.map((unit) => row(unit.database, unit.counts, seconds(unit.startedAt, unit.endedAt)));
  if (units.length !== 1) rows.push(row('all', run.counts, seconds(run.startedAt ?? run.queuedAt, run.endedAt)));
  printTable(['database', 'tables', ...columns, 'seconds', 'tables/s'], rows, [1, 2, 3, 4, 5, 6, 7]);
  for (const problem of problems) {
    const where = [problem.schema, problem.name].filter((part) => part !== null).join('.');
    printLine(
      visible(
        `${problem.level}: ${where === '' ? '' : `${where}: `}${problem.message}${problem.remedy ? `. ${problem.remedy}` : ''}`,
      ),
    );
  }
  if (run.problems > problems.length)
    printLine(`... and ${run.problems - problems.length} more: datamap logs ${run.id}`);
}
