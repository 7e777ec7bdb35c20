import { readFileSync } from 'node:fs';
import { type ReadTask, StatementReader } from '../lineage/processes/statement-reader.js';
import type { Extraction, TableName } from '../lineage/sql/statement-lineage.js';
import { printMeasures } from './print-measures.js';
import { COLUMNS, type SyntheticStatement, sampleViews, syntheticStatements } from './synthetic-statements.js';

/** Of Linux on the machines that it is common on: `getconf CLK_TCK`. */
const TICKS_A_SECOND = 100;
/** Read before the clock starts: a process compiles the parser as it goes. */
const WARM = 500;

/**
 * How many statements a process of the product's own reads in a second of processor time, at the level of tables and with
 * columns, and what of them it does not read whole.
 */
export async function benchLineageSql({ statements }: { statements: number }): Promise<void> {
  const samples = sampleViews();
  const corpora: Record<string, SyntheticStatement[]> = { synthetic: syntheticStatements(statements) };
  if (samples.length > 0) {
    const times = Math.ceil(1_000 / samples.length);
    corpora['sample schemas'] = Array.from({ length: times }, () => samples).flat();
  }
  const measures: Record<string, Record<string, string>> = {};
  for (const [name, corpus] of Object.entries(corpora)) {
    measures[`${name}: tables`] = await measure(corpus, ({ task }) => task);
    measures[`${name}: columns`] = await measure(corpus, withColumns);
  }
  printMeasures('Statements read by one process', measures);
  const shapes: Record<string, Record<string, string>> = {};
  for (const [shape, corpus] of byShape(Object.values(corpora).flat())) {
    const tables = await measure(corpus, ({ task }) => task);
    const columns = await measure(corpus, withColumns);
    const { 'read by': parsers = '', unparsed = '' } = tables;
    shapes[shape] = { tables: tables[A_SECOND] ?? '', columns: columns[A_SECOND] ?? '', 'read by': parsers, unparsed };
  }
  // A row for each shape: there are more of them than figures.
  const figures = Object.keys(Object.values(shapes)[0] ?? {});
  printMeasures(
    `By shape: ${A_SECOND}`,
    Object.fromEntries(
      figures.map((figure) => [
        figure,
        Object.fromEntries(Object.entries(shapes).map(([shape, of]) => [shape, of[figure] ?? ''])),
      ]),
    ),
  );
}

const A_SECOND = 'statements a second of processor time';

async function measure(
  corpus: readonly SyntheticStatement[],
  taskOf: (statement: SyntheticStatement) => ReadTask,
): Promise<Record<string, string>> {
  const reader = new StatementReader({ processes: 1, mostIdle: 60_000, mostTime: 60_000 });
  // The reader's processes do not keep a program alive that has nothing else to do.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await reader.readAll(Array.from({ length: WARM }, (_, place) => taskOf(corpus[place % corpus.length] as never)));
    const [pid = 0] = reader.processIds();
    const cpu = processorSeconds(pid);
    const began = performance.now();
    const read = await reader.readAll(corpus.map(taskOf));
    const seconds = (performance.now() - began) / 1_000;
    const used = processorSeconds(pid) - cpu;
    const wrong = corpus.filter(({ reads }, place) => reads !== undefined && !same(reads, read[place]));
    if (wrong.length > 0)
      console.log(`not as written down: ${[...new Set(wrong.map(({ shape }) => shape))].join(', ')}`);
    const found = read.flatMap(({ statements }) => statements);
    const by = grouped(found, ({ parser }) => parser);
    return {
      statements: String(corpus.length),
      [A_SECOND]: (corpus.length / used).toFixed(0),
      'statements a second of the clock': (corpus.length / seconds).toFixed(0),
      'resident, MB': (residentKilobytes(pid) / 1_024).toFixed(0),
      'read by': [...by].map(([parser, of]) => `${parser} ${share(of.length, found.length)}`).join(', '),
      'columns complete': share(found.filter(({ columnLevel }) => columnLevel === 'complete').length, found.length),
      unparsed: share(read.filter(({ unparsed }) => unparsed.length > 0).length, corpus.length),
      'tables not as written down': String(wrong.length),
    };
  } finally {
    await reader.close();
    clearInterval(alive);
  }
}

function withColumns({ task, reads }: SyntheticStatement): ReadTask {
  const known = (reads ?? []).map((name): readonly [TableName, readonly string[]] => {
    const [schema = '', table = ''] = name.split('.');
    return [{ schema, name: table }, COLUMNS];
  });
  return { ...task, columns: known };
}

function same(reads: readonly string[], extraction: Extraction | undefined): boolean {
  const found = (extraction?.statements ?? []).flatMap(({ sources }) =>
    sources.map(({ schema, name }) => `${schema}.${name}`),
  );
  return JSON.stringify([...new Set(found)].sort()) === JSON.stringify([...reads].sort());
}

function byShape(corpus: readonly SyntheticStatement[]): [string, SyntheticStatement[]][] {
  return [...grouped(corpus, ({ shape }) => shape)].map(([shape, of]) => [shape, of.slice(0, 300)]);
}

function grouped<Item>(items: readonly Item[], by: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(by(item));
    if (group === undefined) groups.set(by(item), [item]);
    else group.push(item);
  }
  return groups;
}

const share = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;

/** What the process has used by now, of user and system; Linux, as proc_pid_stat(5) tells. */
function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

function residentKilobytes(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
