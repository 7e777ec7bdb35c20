import type { DescribedTable } from '../../catalog/model/ddl.js';
import type { ForeignKey, Index, Key } from '../../catalog/model/table.js';
import { literal, qualified, sqlName } from './ddl-names.js';

const list = (columns: readonly string[]): string => columns.map(sqlName).join(', ');

/** The primary key and the unique constraints, as clauses of CREATE TABLE. */
export function keyClauses({ structure }: DescribedTable): string[] {
  const indexes = new Map(structure.indexes.map((index) => [index.name, index]));
  const { primaryKey, uniqueKeys } = structure;
  return [
    ...(primaryKey === undefined ? [] : [keyClause('PRIMARY KEY', primaryKey, indexes.get(primaryKey.name))]),
    ...uniqueKeys.map((key) => keyClause('UNIQUE', key, indexes.get(key.name))),
  ];
}

/**
 * What a constraint says beyond its columns is known from the definition of its index: columns that are included, NULLS
 * NOT DISTINCT, storage parameters. An index by GiST is that of a key WITHOUT OVERLAPS (18).
 */
function keyClause(word: 'PRIMARY KEY' | 'UNIQUE', key: Key, index: Index | undefined): string {
  const rest = index?.definition?.slice(index.definition.indexOf(' USING ')) ?? '';
  const included = / INCLUDE (\((?:"(?:[^"]|"")*"|[^()"])*\))/.exec(rest)?.[1];
  const parameters = / WITH (\([^()]*\))/.exec(rest)?.[1];
  const over = index?.method === 'gist' ? ' WITHOUT OVERLAPS' : '';
  return [
    `CONSTRAINT ${sqlName(key.name)} ${word}`,
    ...(word === 'UNIQUE' && / NULLS NOT DISTINCT\b/.test(rest) ? ['NULLS NOT DISTINCT'] : []),
    `(${list(key.columns)}${over})`,
    ...(included === undefined ? [] : [`INCLUDE ${included}`]),
    ...(parameters === undefined ? [] : [`WITH ${parameters}`]),
  ].join(' ');
}

/** Indexes that no constraint makes, and the comments of all. */
export function indexStatements(table: DescribedTable): { statements: string[]; notes: string[] } {
  const { primaryKey, uniqueKeys, indexes } = table.structure;
  const made = new Set([primaryKey, ...uniqueKeys].map((key) => key?.name));
  const statements: string[] = [];
  const notes: string[] = [];
  for (const { name, definition, comment } of indexes) {
    if (!made.has(name)) {
      if (definition === undefined) {
        notes.push(`The index ${sqlName(name)} is left out: its definition could not be read.`);
        continue;
      }
      // ONLY is how PostgreSQL prints an index of a partitioned table; without it, partitions get theirs too.
      statements.push(definition.replace(/^(CREATE (?:UNIQUE )?INDEX (?:"(?:[^"]|"")*"|\S+) ON) ONLY /, '$1 '));
    }
    if (comment !== undefined)
      statements.push(`COMMENT ON INDEX ${qualified(table.schema, name)} IS ${literal(comment)}`);
  }
  return { statements, notes };
}

export function foreignKeyStatements(table: DescribedTable): string[] {
  return table.structure.foreignKeys.map(
    (key) => `ALTER TABLE ${qualified(table.schema, table.name)}\n    ADD ${foreignKeyClause(key)}`,
  );
}

function foreignKeyClause({ name, columns, references, onUpdate, onDelete }: ForeignKey): string {
  const target = qualified(references.schema ?? null, references.table);
  return [
    `CONSTRAINT ${sqlName(name)} FOREIGN KEY (${list(columns)}) REFERENCES ${target} (${list(references.columns)})`,
    ...(onUpdate === undefined || onUpdate === 'NO ACTION' ? [] : [`ON UPDATE ${onUpdate}`]),
    ...(onDelete === undefined || onDelete === 'NO ACTION' ? [] : [`ON DELETE ${onDelete}`]),
  ].join(' ');
}
