import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type * as Polyglot from '@polyglot-sql/sdk';
import * as loaded from '@polyglot-sql/sdk/manual';
import type { Dialect } from './statement-lineage.js';
import { isNode, type Node } from './syntax-tree.js';

// Its types lose what stands behind an import without the ending of its file.
const polyglot = loaded as unknown as typeof Polyglot;
/** Node 20 has it (ES2024); the declarations of ES2023, which are all that it has in full, do not. */
const Resizable = ArrayBuffer as unknown as new (
  bytes: number,
  options: { maxByteLength: number },
) => ArrayBuffer & { resize(bytes: number): void };
await load(createRequire(import.meta.url).resolve('@polyglot-sql/sdk/polyglot_sql.wasm'));

/** The library did not read the text. The message is its own and may quote some of the statement. */
export class NotRead extends Error {}

/** What the library says of a query's outputs, uses and tables: the parts of it that are used. */
export type QueryAnalysis = NonNullable<Polyglot.QueryAnalysisResult['analysis']>;

export interface KnownTable {
  schema?: string;
  name: string;
  columns: { name: string; type: string }[];
}

/** The statements of a text as syntax trees. @throws NotRead */
export function parse(sql: string, dialect: Dialect): Node[] {
  const { success, ast, error } = polyglot.parse(sql, dialect as Polyglot.Dialect);
  if (!success || !Array.isArray(ast)) throw new NotRead(error ?? 'no syntax tree');
  return ast.filter(isNode);
}

/** The text of a syntax tree. @throws NotRead where the library cannot write what it read */
export function generate(node: Node, dialect: Dialect): string {
  const { success, sql, error } = polyglot.generate([node], dialect as Polyglot.Dialect);
  const [text] = Array.isArray(sql) ? sql : [sql];
  if (!success || typeof text !== 'string') throw new NotRead(error ?? 'no text');
  return text;
}

/**
 * Resolves a query's columns.
 * @param tables those of the statement alone: the library's time grows with the tables it is given (5 tables 990 a
 *   second, 200 tables 31)
 * @throws NotRead
 */
export function analyse(sql: string, dialect: Dialect, tables: KnownTable[]): QueryAnalysis {
  const { success, analysis, error } = polyglot.analyzeQuery(sql, {
    dialect,
    ...(tables.length === 0 ? {} : { schema: { tables } }),
  });
  if (!success || analysis === undefined || analysis === null) throw new NotRead(error ?? 'no analysis');
  return analysis;
}

/**
 * Loads the library's code. By itself it would hold the 23 MB of it several times over, until the collector of garbage came by;
 * a buffer that can be made smaller gives its memory back at once. The loader takes bytes as well as the address of some.
 */
async function load(path: string): Promise<void> {
  const file = openSync(path, 'r');
  const { size } = fstatSync(file);
  const code = new Resizable(size, { maxByteLength: size });
  readSync(file, new Uint8Array(code), 0, size, 0);
  closeSync(file);
  await loaded.init({ wasmUrl: code as unknown as URL });
  code.resize(0);
}
