import { withoutText } from './skeleton.js';

/** A `*` that stands for all columns: after SELECT, a comma or a dot, or before what ends a list of outputs. */
const STAR =
  /(?:\b(?:select|distinct|all)|[,.])\s*\*|\*\s*(?:[,);]|$|\b(?:from|into|except|exclude|replace|rename|ilike|bulk|union|intersect|where|order|group|having|limit)\b)/iu;
/** Clauses that mean columns without naming them, and names that are spelled with escapes. */
const UNNAMED = /\bnatural\b|\bcolumns\s*\(|\bu&"/iu;

/**
 * Which columns a query may mean: the parser's time grows with all that it is told of tables, and few of a wide table's columns
 * are named in one query. All of them where a `*` or the like stands for any; else those whose names are in the text, whatever
 * they are there.
 */
export function mentionedColumns(sql: string): (columns: readonly string[]) => readonly string[] {
  const code = withoutText(sql).replace(/\bcount\s*\(\s*\*\s*\)/giu, 'count()');
  if (STAR.test(code) || UNNAMED.test(code)) return (columns) => columns;
  const text = sql.toLowerCase();
  return (columns) => {
    const mentioned = columns.filter((name) => /["`\]]/.test(name) || text.includes(name.toLowerCase()));
    // With none it would count as a table whose columns are not known.
    return mentioned.length === 0 ? columns.slice(0, 1) : mentioned;
  };
}
