import type { SearchAnswer } from '../../search/port.js';
import { visible } from '../terminal/output.js';
import type { MapSize } from './map-size.js';
import type { SampleOutcome } from './sample/collect-sample.js';

export interface Facts {
  sample: SampleOutcome;
  size: MapSize;
  /** A search that was made, and its answer; nothing while the map is empty. */
  example: { text: string; answer: SearchAnswer } | undefined;
  apiUrl: string;
  temporalUi: string | undefined;
  searchEngine: string;
  loginLink: string;
  dataDirectory: string;
  /** From the beginning of this start. */
  seconds: number;
}

/** What a start says when all is up: what is there, how to look for it, and where. */
export function summary(facts: Facts): string {
  const { databases, tables, columns } = facts.size;
  const size = `${plural(databases, 'database')}, ${plural(tables, 'table')}, ${plural(columns, 'column')}`;
  const lines = ['', `Datamap is running, after ${facts.seconds.toFixed(1)} s.`, ''];
  if (facts.sample.state === 'collected')
    lines.push(`Collected the sample shop: ${size} in ${facts.sample.seconds.toFixed(1)} s.`);
  else if (tables > 0) lines.push(`On the map: ${size}.`);
  else lines.push('The map is empty. Collect a database: npx datamap crawl postgres://user@host/database');
  if (facts.sample.state === 'left out' && facts.sample.why !== undefined)
    lines.push(`The sample shop was left out: ${facts.sample.why}.`);
  if (facts.example !== undefined) lines.push(...exampleLines(facts.example));
  lines.push(
    '',
    `  Console      ${facts.apiUrl}`,
    `  API          ${facts.apiUrl}/api/v1   (documentation: ${facts.apiUrl}/api/docs)`,
    ...(facts.temporalUi === undefined ? [] : [`  Temporal UI  ${facts.temporalUi}`]),
    `  Search       ${facts.searchEngine}`,
    `  Data         ${facts.dataDirectory}`,
    '',
    'Sign in (once, within 15 minutes):',
    `  ${facts.loginLink}`,
    '',
    'Ctrl-C ends everything; nothing is lost.',
  );
  return lines.join('\n');
}

function exampleLines({ text, answer }: NonNullable<Facts['example']>): string[] {
  const hits = answer.hits.slice(0, 3).map(({ document }) => {
    const comment = document.comment === null ? '' : `: ${visible(document.comment)}`;
    return `  ${visible(document.qualifiedName)}${comment}`;
  });
  return ['', `npx datamap search "${text}"`, ...(hits.length > 0 ? hits : ['  nothing found'])];
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
