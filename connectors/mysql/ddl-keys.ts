import type { DescribedTable } from '../../catalog/model/ddl.js';
import type { Index } from '../../catalog/model/table.js';
import { indexPart, literal, sqlName } from './ddl-names.js';

/** All keys and indexes, as clauses of CREATE TABLE. */
export function keyClauses({ structure }: DescribedTable): string[] {
  const columns = new Set(structure.columns.map(({ name }) => name));
  return structure.indexes.map((index) => keyClause(index, columns, structure.properties.engine ?? ''));
}

function keyClause(index: Index, columns: ReadonlySet<string>, engine: string): string {
  const { name, unique, method = '', comment, attributes = [] } = index;
  const whole = method === 'FULLTEXT' || method === 'SPATIAL';
  const parts = index.columns.map((part) => indexPart(part, columns, whole)).join(', ');
  const sort = whole ? `${method} KEY` : unique ? 'UNIQUE KEY' : 'KEY';
  // What a server chooses by itself is not written; tables in memory may have either.
  const using = method === 'HASH' || (method === 'BTREE' && engine === 'MEMORY');
  return [
    name === 'PRIMARY' ? 'PRIMARY KEY' : `${sort} ${sqlName(name)}`,
    `(${parts})`,
    ...(using ? [`USING ${method}`] : []),
    ...(comment === undefined ? [] : [`COMMENT ${literal(comment)}`]),
    // One thing by two words; each server skips the other's comment.
    ...(attributes.includes('INVISIBLE') ? ['/*!80000 INVISIBLE */ /*M!100600 IGNORED */'] : []),
  ].join(' ');
}

export function foreignKeyStatements({ name, structure }: DescribedTable): string[] {
  const list = (columns: readonly string[]) => columns.map(sqlName).join(', ');
  return structure.foreignKeys.map(({ name: key, columns, references, onUpdate, onDelete }) => {
    const { database, table } = references;
    const target = database === undefined ? sqlName(table) : `${sqlName(database)}.${sqlName(table)}`;
    return [
      `ALTER TABLE ${sqlName(name)}\n    ADD CONSTRAINT ${sqlName(key)} FOREIGN KEY (${list(columns)})`,
      `REFERENCES ${target} (${list(references.columns)})`,
      ...(onDelete === undefined ? [] : [`ON DELETE ${onDelete}`]),
      ...(onUpdate === undefined ? [] : [`ON UPDATE ${onUpdate}`]),
    ].join(' ');
  });
}
