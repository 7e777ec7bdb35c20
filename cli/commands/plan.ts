import type { Command } from 'commander';
import { CliError } from '../errors.js';
import { type Client, createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { everyItem } from '../server/pages.js';
import { printJson, printLine, visible } from '../terminal/output.js';
import { runProgress } from '../terminal/run-progress.js';
import { followRun } from './follow-run.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import { runIdOf } from './runs.js';
import type { CrawlerSummary, PlanChange, RunPlan } from './wire.js';

/** Changes that are printed; more are counted. */
const SHOWN = 200;

export function planCommands(program: Command): void {
  withCommonOptions(
    program
      .command('plan <crawler>')
      .description(
        'show what a run of a crawler, named by its name or id, would change on the map, and change nothing',
      ),
  ).action(plan);
  withCommonOptions(
    program.command('apply <run>').description('apply what a run planned, named by its number or id'),
  ).action((name: string, options: CommonOptions) => start(name, 'apply', options));
  withCommonOptions(
    program.command('discard <run>').description('discard what a run planned, named by its number or id'),
  ).action(discard);
  withCommonOptions(
    program.command('revert <run>').description('take back what a run, named by its number or id, did to the map'),
  ).action((name: string, options: CommonOptions) => start(name, 'revert', options));
}

async function plan(name: string, options: CommonOptions): Promise<void> {
  const client = createClient(findServer(options));
  const { runId } = await client.post<{ runId: string }>(`/crawlers/${await crawlerIdOf(client, name)}/plan`, {});
  const run = await followRun(client, runId, runProgress(options.json === true));
  if (run.status !== 'succeeded' && run.status !== 'partial')
    throw new CliError(
      run.error?.code ?? `RUN_${run.status.toUpperCase()}`,
      `Run ${run.number} ${run.status}${run.error === null ? '' : `: ${run.error.message}`}`,
      run.error?.remedy ?? `See what it did: datamap logs ${run.id}`,
    );
  const planned = await client.get<RunPlan>(`/runs/${runId}/plan`);
  const changes: PlanChange[] = [];
  for await (const change of everyItem<PlanChange>(client, `/runs/${runId}/plan/changes`)) {
    if (changes.length === SHOWN && options.json !== true) break;
    changes.push(change);
  }
  if (options.json === true) printJson({ run, plan: planned, changes });
  else print(planned, changes, run.number);
}

const SIGNS = { added: '+', changed: '~', removed: '-', restored: '+', held: '!' } as const;

function print({ counts }: RunPlan, changes: readonly PlanChange[], number: number): void {
  for (const { change, qualifiedName, kind, diff } of changes) {
    printLine(
      visible(
        `${SIGNS[change]} ${kind} ${qualifiedName} ${change === 'held' ? '(missing, would be held)' : ''}`.trim(),
      ),
    );
    for (const line of diff === null ? [] : inLines(diff)) printLine(visible(`    ${line}`));
  }
  const { added, changed, removed, restored, held } = counts;
  const total = added + changed + removed + restored + held;
  if (total > changes.length) printLine(`... see the rest with --json`);
  printLine(
    `Tables: ${added} to add, ${changed} to change, ${restored} to restore, ${removed} to remove, ${held} held.`,
  );
  printLine(`Nothing was changed. datamap apply ${number} applies it, datamap discard ${number} drops it.`);
}

function inLines({ columns, keys, indexes, properties, viewDefinition }: NonNullable<PlanChange['diff']>): string[] {
  const lists = { column: columns, key: keys, index: indexes };
  return [
    ...Object.entries(lists).flatMap(([what, { added, removed, changed }]) => [
      ...added.map(({ name }) => `+ ${what} ${name}`),
      ...removed.map(({ name }) => `- ${what} ${name}`),
      ...changed.map(({ name, changes }) => `~ ${what} ${name}: ${changes.map(({ field }) => field).join(', ')}`),
    ]),
    ...properties.map(({ field }) => `~ ${field}`),
    ...(viewDefinition === null ? [] : ['~ text of the view']),
  ];
}

async function start(name: string, verb: 'apply' | 'revert', options: CommonOptions): Promise<void> {
  const client = createClient(findServer(options));
  const path = `/runs/${await runIdOf(client, name)}/${verb}`;
  const run = await client.post<{ runId: string; number: number | null }>(path, verb === 'apply' ? {} : undefined);
  if (options.json === true) printJson(run);
  else printLine(`Run ${run.number ?? run.runId} is on its way. Follow it: datamap logs ${run.runId} --follow`);
  if (verb === 'revert' && options.json !== true) printLine('The next crawl collects what the source is by then.');
}

async function discard(name: string, options: CommonOptions): Promise<void> {
  const client = createClient(findServer(options));
  const planned = await client.post<RunPlan>(`/runs/${await runIdOf(client, name)}/discard`);
  if (options.json === true) printJson(planned);
  else printLine(`The plan is ${planned.state}.`);
}

async function crawlerIdOf(client: Client, name: string): Promise<string> {
  for await (const crawler of everyItem<CrawlerSummary>(client, '/crawlers')) {
    if (crawler.id === name || crawler.name === name) return crawler.id;
  }
  throw new CliError('NOT_FOUND', `There is no crawler ${name}`, 'Name it as `datamap runs` does, or by its id.');
}
