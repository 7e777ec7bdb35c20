import type { Column } from '../../catalog/model/table.js';

/** A name as SHOW CREATE TABLE writes it, which every SQL mode takes. */
export function sqlName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A text constant. With NO_BACKSLASH_ESCAPES a backslash would be doubled; without it, it has to be. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

/**
 * A part of an index as it is kept: `name`, `name(10)` for a prefix, `(expression)`, each with ` DESC` where it descends.
 * A column may bear a name that looks like one of these, so names are tried first.
 * @param whole true for FULLTEXT and SPATIAL keys, which take whole columns whatever the server prints of them
 */
export function indexPart(part: string, columns: ReadonlySet<Column['name']>, whole: boolean): string {
  if (columns.has(part)) return sqlName(part);
  const [, ascending, descends] = /^(.*?)( DESC)?$/s.exec(part) ?? [];
  const what = ascending ?? part;
  const order = descends ?? '';
  if (columns.has(what)) return sqlName(what) + order;
  const [, column = '', length = ''] = /^(.*)(\(\d+\))$/s.exec(what) ?? [];
  if (columns.has(column)) return `${sqlName(column)}${whole ? '' : length}${order}`;
  return unescaped(what) + order;
}

/** MySQL prints the constants of stored expressions as `_utf8mb4\'text\'`, which it does not read. */
export function unescaped(expression: string): string {
  return expression.replaceAll(/(_[a-z0-9]+)\\'((?:[^\\]|\\[^'])*)\\'/g, "$1'$2'");
}
