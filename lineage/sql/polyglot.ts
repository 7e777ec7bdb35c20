import * as polyglot from '@polyglot-sql/sdk';
import type { Dialect } from './statement-lineage.js';
import { isNode, type Node } from './syntax-tree.js';

/** The library did not read the text. The message is its own and may quote some of the statement. */
export class NotRead extends Error {}

/** What the library says of a query's outputs, uses and tables: the parts of it that are used. */
export type QueryAnalysis = NonNullable<polyglot.QueryAnalysisResult['analysis']>;

export interface KnownTable {
  schema?: string;
  name: string;
  columns: { name: string; type: string }[];
}

/** The statements of a text as syntax trees. @throws NotRead */
export function parse(sql: string, dialect: Dialect): Node[] {
  const { success, ast, error } = polyglot.parse(sql, dialect as polyglot.Dialect);
  if (!success || !Array.isArray(ast)) throw new NotRead(error ?? 'no syntax tree');
  return ast.filter(isNode);
}

/** The text of a syntax tree. @throws NotRead where the library cannot write what it read */
export function generate(node: Node, dialect: Dialect): string {
  const { success, sql, error } = polyglot.generate([node], dialect as polyglot.Dialect);
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
