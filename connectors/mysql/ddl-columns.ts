import type { Column } from '../../catalog/model/table.js';
import { literal, sqlName, unescaped } from './ddl-names.js';

/** A constant, or the one function that stands without parentheses in every version. */
const BARE_DEFAULT =
  /^(?:NULL|[-+]?[\d.]+(?:e[-+]?\d+)?|0x[0-9a-f]*|(?:_\w+)?[bxn]?'(?:[^'\\]|''|\\.)*'|(?:current_timestamp|now)(?:\(\d*\))?)$/is;

/** A column as CREATE TABLE takes it. */
export function columnClause(column: Column): string {
  const { name, type, collation, generated, identity, nullable, comment, attributes = [] } = column;
  const of = (pattern: RegExp) => attributes.filter((attribute) => pattern.test(attribute));
  const period = generated !== undefined && /^ROW (?:START|END)$/.test(generated.expression);
  return [
    sqlName(name),
    type,
    ...(collation === undefined ? [] : [`COLLATE ${collation}`]),
    ...(generated === undefined
      ? []
      : period
        ? [`GENERATED ALWAYS AS ${generated.expression}`]
        : [`GENERATED ALWAYS AS (${unescaped(generated.expression)}) ${generated.stored ? 'STORED' : 'VIRTUAL'}`]),
    // Without the word, a TIMESTAMP refuses NULL on older servers.
    ...(nullable ? (generated === undefined ? ['NULL'] : []) : period ? [] : ['NOT NULL']),
    ...of(/^SRID \d+$/),
    ...(column.default === undefined ? [] : [`DEFAULT ${defaultOf(column.default)}`]),
    ...of(/^on update /i),
    ...(identity === 'auto_increment' ? ['AUTO_INCREMENT'] : []),
    ...of(/^INVISIBLE$/),
    ...of(/^WITH(?:OUT)? SYSTEM VERSIONING$/i),
    ...(comment === undefined ? [] : [`COMMENT ${literal(comment)}`]),
  ].join(' ');
}

/** Expressions stand in parentheses: MySQL insists on them. */
function defaultOf(expression: string): string {
  return BARE_DEFAULT.test(expression) ? expression : `(${unescaped(expression)})`;
}
