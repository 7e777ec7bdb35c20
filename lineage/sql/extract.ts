import { GrammarNotReady } from './libpg-query.js';
import { plainQuery } from './plain-query.js';
import { generate, NotRead, parse } from './polyglot.js';
import { readByGrammar } from './postgresql-grammar.js';
import { prepare } from './prepare.js';
import { type QueryColumns, queryColumns } from './query-columns.js';
import { writtenQuery } from './query-text.js';
import { type Rewritten, readBy, rewrite } from './rewrite.js';
import { skeletonOf } from './skeleton.js';
import {
  type ColumnLineage,
  type ColumnsOf,
  type Dialect,
  type Extraction,
  type ExtractionTask,
  MOST_BYTES,
  type NameDefaults,
  type StatementLineage,
  type TableName,
} from './statement-lineage.js';
import { kindOf, type Node } from './syntax-tree.js';
import { fold, withDefaults } from './table-names.js';

/** How deep to read. Without `columnsOf` at table level alone, which is ten times as fast. */
export interface Depth {
  columnsOf?: ColumnsOf;
}

/**
 * What the statements of a text read and write. Pure and synchronous: no statement can be given more time than it
 * takes, which is why the pool calls it in a thread that may be ended.
 */
export function extractLineage(task: ExtractionTask, depth: Depth = {}): Extraction {
  if (Buffer.byteLength(task.sql) > MOST_BYTES) {
    return { statements: [], unparsed: [{ sql: task.sql, reason: `longer than ${MOST_BYTES / 1_024} KB` }] };
  }
  const extraction: Extraction = { statements: [], unparsed: [] };
  for (const sql of prepare(task.sql, task.dialect)) {
    const { statements, unparsed } = readText({ ...task, sql }, depth);
    extraction.statements.push(...statements);
    extraction.unparsed.push(...unparsed);
  }
  return extraction;
}

function readText(task: ExtractionTask, depth: Depth): Extraction {
  const { sql, dialect } = task;
  let trees: Node[];
  try {
    trees = parse(sql, dialect);
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    return fallBack(task, depth, error.message);
  }
  const extraction: Extraction = { statements: [], unparsed: [] };
  for (const tree of trees) {
    const rewritten = asWritten(tree, task);
    if (rewritten === 'nothing') continue;
    if (rewritten === undefined) {
      const reason = `statement not understood: ${kindOf(tree)?.kind ?? 'unknown'}`;
      // Of a text of several statements the parser does not say which part is which.
      if (trees.length === 1) return fallBack(task, depth, reason);
      extraction.unparsed.push({ sql, reason });
      continue;
    }
    extraction.statements.push(...lineageOf(rewritten, task, depth, trees.length === 1 ? tree : undefined));
  }
  return extraction;
}

function asWritten(tree: Node, { dialect, defaults = {}, target }: ExtractionTask): Rewritten | 'nothing' | undefined {
  if (target === undefined) return rewrite(tree, dialect, defaults);
  const { table, columns = [] } = target;
  const kind = kindOf(tree)?.kind;
  if (kind === undefined || !QUERIES.has(kind)) return undefined;
  const written = { written: '', parts: { name: table.name }, table };
  return { kind: 'query', target: written, targetColumns: [...columns], query: tree };
}

const QUERIES = new Set(['select', 'union', 'intersect', 'except', 'values', 'subquery', 'paren']);

/** @param tree the statement's, where the text has nothing else */
function lineageOf(
  rewritten: Rewritten,
  task: ExtractionTask,
  { columnsOf }: Depth,
  tree: Node | undefined,
): StatementLineage[] {
  const { kind, target, query } = rewritten;
  const { dialect, defaults = {} } = task;
  if (query === undefined) return [];
  const tables = readBy(rewritten, dialect, defaults);
  const base = {
    kind,
    target: target.table,
    sources: tables.map(({ table }) => table),
    parser: 'polyglot' as const,
  };
  if (columnsOf === undefined) return [{ ...base, columns: [], indirect: [], columnLevel: 'none' }];
  // The whole of what the query names, the changed table too, so that its aliases resolve.
  const named = kind === 'update' || kind === 'merge' || kind === 'delete' ? [...tables, target] : tables;
  const outputs = outputNames(rewritten, columnsOf);
  let found: QueryColumns | undefined;
  try {
    const plain = plainQuery(query, named);
    // Writing a tree out takes as long as analysing it: a text that already has the plain query stands for itself.
    const text =
      plain !== query || tree === undefined ? undefined : task.target ? task.sql : writtenQuery(tree, task.sql);
    if (text !== undefined) found = queryColumns(text, dialect, named, columnsOf, outputs);
    if (found === undefined || (found.columnLevel === 'none' && task.target === undefined)) {
      found = queryColumns(generate(plain, dialect), dialect, named, columnsOf, outputs);
    }
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    return [{ ...base, columns: [], indirect: [], columnLevel: 'none', reason: error.message }];
  }
  return [
    {
      ...base,
      ...found,
      columns: kind === 'delete' ? [] : merged(found.columns),
      ...(rewritten.lost === undefined ? {} : { columnLevel: 'partial', reason: rewritten.lost }),
    },
  ];
}

/** Names of the outputs by place: as the statement lists them, else as the table has them where it was there before. */
function outputNames({ kind, target, targetColumns }: Rewritten, columnsOf: ColumnsOf): readonly string[] {
  if (targetColumns.length > 0) return targetColumns;
  return kind === 'insert' || kind === 'query' ? (columnsOf(target.table) ?? []) : [];
}

/** A column that several branches of a statement write is one, of all their sources. */
function merged(columns: readonly ColumnLineage[]): ColumnLineage[] {
  const byName = new Map<string, ColumnLineage>();
  for (const column of columns) {
    const before = byName.get(column.column);
    const sources = [...(before?.sources ?? []), ...column.sources];
    byName.set(column.column, {
      ...column,
      transformation: before?.transformation ?? column.transformation,
      sources: [...new Map(sources.map((source) => [JSON.stringify(source), source])).values()],
    });
  }
  return [...byName.values()];
}

/** PostgreSQL's own grammar where it is PostgreSQL's, else the bones of the statement with its query read alone. */
function fallBack(task: ExtractionTask, depth: Depth, reason: string): Extraction {
  if (task.dialect === 'postgresql') {
    try {
      return byGrammar(task, reason);
    } catch (error) {
      if (error instanceof GrammarNotReady) throw error;
      // The first parser's message stays the reason: it is about the same text.
    }
  }
  const skeleton = task.target === undefined ? skeletonOf(task.sql) : undefined;
  if (skeleton === undefined) return { statements: [], unparsed: [{ sql: task.sql, reason }] };
  const { dialect, defaults = {} } = task;
  const table = named(skeleton.target, skeleton.quoted, dialect, defaults);
  const inner = readText({ sql: skeleton.query, dialect, defaults, target: { table } }, depth);
  if (inner.statements.length === 0) return { statements: [], unparsed: [{ sql: task.sql, reason }] };
  const statements = inner.statements.map((statement) => ({
    ...statement,
    kind: skeleton.kind,
    parser: 'skeleton' as const,
  }));
  return { statements, unparsed: [] };
}

function byGrammar({ sql, defaults = {}, target }: ExtractionTask, reason: string): Extraction {
  const { read, unknown } = readByGrammar(sql, defaults);
  const statements = read.flatMap((statement): StatementLineage[] => {
    const written = target?.table ?? statement.target;
    if (written === undefined) return [];
    const { kind, sources } = statement;
    const rest = { columns: [], indirect: [], columnLevel: 'none', parser: 'libpg-query' } as const;
    return [{ ...rest, kind, target: written, sources, columns: [], indirect: [], reason }];
  });
  return { statements, unparsed: unknown.map((kind) => ({ sql, reason: `statement not understood: ${kind}` })) };
}

function named(
  parts: readonly string[],
  quoted: readonly boolean[],
  dialect: Dialect,
  defaults: NameDefaults,
): TableName {
  const [name = '', schema, catalog] = parts
    .map((part, place) => fold({ name: part, quoted: quoted[place] ?? false }, dialect))
    .reverse();
  return withDefaults(
    { ...(catalog === undefined ? {} : { catalog }), ...(schema === undefined ? {} : { schema }), name },
    defaults,
  );
}
