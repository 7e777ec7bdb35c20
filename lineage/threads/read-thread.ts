import { parentPort } from 'node:worker_threads';
import { extractLineage } from '../sql/extract.js';
import { grammarReady } from '../sql/postgresql-grammar.js';
import type { Extraction } from '../sql/statement-lineage.js';
import { tableKey } from '../sql/table-names.js';
import type { ReadTask } from './statement-reader.js';

/** The inside of a thread of `StatementReader`: says that it is ready, then answers one text after the other. */
await grammarReady();
parentPort?.on('message', (task: ReadTask) => parentPort?.postMessage(read(task)));
parentPort?.postMessage('ready');

function read({ columns, ...task }: ReadTask): Extraction {
  try {
    if (columns === undefined) return extractLineage(task);
    const known = new Map(columns.map(([table, names]) => [tableKey(table), names]));
    return extractLineage(task, { columnsOf: (table) => known.get(tableKey(table)) });
  } catch (error) {
    const reason = `the reader failed: ${error instanceof Error ? error.message : String(error)}`;
    return { statements: [], unparsed: [{ sql: task.sql, reason }] };
  }
}
