import type { Column } from '../../catalog/model/table.js';
import { collationName, sqlName } from './ddl-names.js';

/** A column as CREATE TABLE takes it. */
export function columnClause(column: Column): string {
  return `${sqlName(column.name)} ${[column.type, ...settings(column, true)].join(' ')}`;
}

/** What a column of a typed table adds to its type; undefined where it adds nothing. */
export function typedColumnClause(column: Column): string | undefined {
  const added = settings(column, false);
  return added.length === 0 ? undefined : `${sqlName(column.name)} WITH OPTIONS ${added.join(' ')}`;
}

function settings(column: Column, withCollation: boolean): string[] {
  const { collation, generated, identity, nullable } = column;
  return [
    ...(withCollation && collation !== undefined ? [`COLLATE ${collationName(collation)}`] : []),
    ...(generated === undefined
      ? []
      : [`GENERATED ALWAYS AS (${generated.expression}) ${generated.stored ? 'STORED' : 'VIRTUAL'}`]),
    ...(identity === 'always' || identity === 'by default'
      ? [`GENERATED ${identity.toUpperCase()} AS IDENTITY`]
      : column.default === undefined
        ? []
        : [`DEFAULT ${column.default}`]),
    ...(nullable ? [] : ['NOT NULL']),
  ];
}

/** Sequences that defaults take from, as they are written there, each once. */
export function sequencesOf(columns: readonly Column[]): string[] {
  const taken = columns.flatMap((column) =>
    [...(column.default ?? '').matchAll(/\bnextval\('((?:[^']|'')+)'::regclass\)/g)].map(([, name]) =>
      (name ?? '').replaceAll("''", "'"),
    ),
  );
  return [...new Set(taken)];
}
