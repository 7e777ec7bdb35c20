import { type Command, InvalidArgumentError } from 'commander';
import type { SearchAnswer, Segment } from '../../search/port.js';
import { createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { printJson, printLine, remark, visible } from '../terminal/output.js';
import { type CommonOptions, collect, withCommonOptions } from './options.js';

interface SearchOptions extends CommonOptions {
  kind?: string[];
  type?: string[];
  in?: string[];
  schema?: string[];
  limit: number;
}

export function searchCommand(program: Command): void {
  withCommonOptions(
    program
      .command('search <text...>')
      .description('find tables, views, schemas and databases, also by their columns and comments, misspelt or not')
      .option('--kind <kind>', 'database, schema or table', collect)
      .option('--type <type>', 'TABLE, VIEW, MATERIALIZED_VIEW, ...', collect)
      .option('--in <database>', 'only in this database', collect)
      .option('--schema <name>', 'only in this schema', collect)
      .option('--limit <n>', 'how many at most, 1 to 100', upTo100, 20),
  ).action(search);
}

async function search(words: string[], options: SearchOptions): Promise<void> {
  const client = createClient(findServer(options));
  const answer = await client.get<SearchAnswer>('/search', {
    q: words.join(' '),
    kind: options.kind,
    type: options.type,
    database: options.in,
    schema: options.schema,
    limit: options.limit,
  });
  if (options.json === true) printJson(answer);
  else printAnswer(answer, words.join(' '));
}

/** The hits as people read them; what matched is marked at a terminal. */
export function printAnswer(answer: SearchAnswer, text: string): void {
  if (answer.hits.length === 0) {
    remark(`Nothing found for "${text}".`);
    return;
  }
  if (answer.correctedTo !== undefined) remark(`Showing results for "${visible(answer.correctedTo)}".`);
  for (const { document, highlights } of answer.hits) {
    printLine(
      `${visible(document.qualifiedName)}  ${document.type.toLowerCase().replaceAll('_', ' ')}  ${document.sourceType}`,
    );
    const said = highlights.filter((highlight) => highlight.field !== 'name').slice(0, 2);
    for (const { field, segments } of said) printLine(`    ${field}: ${marked(segments)}`);
    printLine(`    ${document.guid}`);
  }
  const more = answer.total - answer.hits.length;
  if (more > 0) remark(`... and ${answer.totalIsExact ? '' : 'more than '}${more.toLocaleString('en')} more.`);
  else if (!answer.totalIsExact) remark('... and more.');
}

function marked(segments: readonly Segment[]): string {
  const bold = process.stdout.isTTY === true;
  return segments
    .map(({ text, match }) => (match && bold ? `\x1b[1m${visible(text)}\x1b[22m` : visible(text)))
    .join('');
}

function upTo100(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100)
    throw new InvalidArgumentError('It is a number from 1 to 100.');
  return value;
}
