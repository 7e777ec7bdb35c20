import { setCurrentDetails } from '@temporalio/workflow';
import type { CrawlProgress, UnitFailure } from './contract.js';

/** As many failed databases are named one by one as a person reads at a glance; the rest are counted. */
export const FAILURES_NAMED = 3;

/** What a crawl knows of itself while it runs: the answer to `progress`, and the text in Temporal's own UI. */
export interface RunProgress extends CrawlProgress {
  crawlerName: string;
  paused: boolean;
  failures: UnitFailure[];
}

/** Shows where the run is to whoever has its execution open. Costs no event: it is read, not recorded. */
export function show(progress: RunProgress): void {
  setCurrentDetails(describe(progress));
}

/** Counts a unit that failed and keeps the first few to be named. */
export function noteFailure(progress: RunProgress, failure: UnitFailure): void {
  progress.unitsFailed += 1;
  if (progress.failures.length < FAILURES_NAMED) progress.failures.push(failure);
}

function describe(progress: RunProgress): string {
  const unnamed = progress.unitsFailed - progress.failures.length;
  const lines = [
    `**${progress.crawlerName}**: ${progress.paused ? 'paused' : PHASES[progress.phase]}`,
    '',
    ...(progress.unitsTotal === 0 ? [] : [`- ${progress.unitsDone} of ${databases(progress.unitsTotal)} done`]),
    ...(progress.collecting.length === 0 ? [] : [`- now: ${progress.collecting.map(code).join(', ')}`]),
    ...progress.failures.map(
      ({ database, message, remedy }) =>
        `- failed: ${code(database)}: ${message}${remedy === undefined ? '' : ` (${remedy})`}`,
    ),
    ...(unnamed > 0 ? [`- and ${databases(unnamed)} more failed`] : []),
  ];
  return lines.join('\n');
}

const PHASES: Record<CrawlProgress['phase'], string> = {
  opening: 'opening the run',
  listing: 'connecting and listing the databases in scope; waits here while the resource group has no free capacity',
  collecting: 'collecting',
  indexing: 'bringing search up to date',
  tracing: 'reading views for their lineage',
  closing: 'closing the run',
};

export const databases = (count: number): string => `${count} database${count === 1 ? '' : 's'}`;

const code = (name: string): string => `\`${name.replaceAll('`', "'")}\``;
