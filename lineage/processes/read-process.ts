import { setFlagsFromString } from 'node:v8';
import type { Extraction } from '../sql/statement-lineage.js';
import type { Answer, ReadTask } from './statement-reader.js';

/**
 * The inside of a process of `StatementReader`: says that it is ready, then answers one text after the other until the
 * process that started it is gone. Which signals a terminal sends to the whole group are for that one to act on.
 */
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.exit());

// The parser is 23 MB of WebAssembly of which each statement runs other parts: optimizing them takes five times as long as
// the first thousand statements themselves, and 200 MB that are never given back.
setFlagsFromString('--liftoff-only');
const { extractLineage } = await import('../sql/extract.js');
const { GrammarNotReady, grammarReady } = await import('../sql/libpg-query.js');
const { tableKey } = await import('../sql/table-names.js');

process.on('message', async (task: ReadTask) => say(await read(task)));
say('ready');

function say(answer: Answer): void {
  process.send?.(answer);
}

async function read(task: ReadTask): Promise<Extraction> {
  try {
    return extract(task);
  } catch (error) {
    return error instanceof GrammarNotReady ? readWithGrammar(task) : failed(task, error);
  }
}

async function readWithGrammar(task: ReadTask): Promise<Extraction> {
  try {
    say('loading');
    await grammarReady();
    say('loaded');
    return extract(task);
  } catch (error) {
    return failed(task, error);
  }
}

function extract({ columns, ...task }: ReadTask): Extraction {
  if (columns === undefined) return extractLineage(task);
  const known = new Map(columns.map(([table, names]) => [tableKey(table), names]));
  return extractLineage(task, { columnsOf: (table) => known.get(tableKey(table)) });
}

function failed({ sql }: ReadTask, error: unknown): Extraction {
  const reason = `the reader failed: ${error instanceof Error ? error.message : String(error)}`;
  return { statements: [], unparsed: [{ sql, reason }] };
}
