import type { Column, ForeignKey, Index, Key, SourceTable, TableType } from '../../catalog/model/table.js';
import { publicOptions } from './foreign-options.js';
import { partitionsOf } from './partitions.js';
import type { ReadIndex, ReadKey, ReadProperties, ReadRow } from './read-query.js';
import { numbersOf } from './server-arrays.js';
import type { TypeNames } from './type-names.js';

const TYPES: Record<ReadRow['kind'], TableType> = {
  r: 'TABLE',
  p: 'PARTITIONED_TABLE',
  v: 'VIEW',
  m: 'MATERIALIZED_VIEW',
  f: 'FOREIGN_TABLE',
};

/** pg_constraint's letters for what happens to a row whose referenced row goes. */
const ACTIONS: Record<string, string> = {
  a: 'NO ACTION',
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

/** Before version 14 a relation that was never analysed counted as one with no rows. */
export function estimates(
  rows: number | null,
  bytes: number | null,
  versionNumber: number,
): { rows?: number; bytes?: number } {
  const unknown = rows === null || rows < 0 || (rows === 0 && bytes === 0 && versionNumber < 140_000);
  return { ...(unknown ? {} : { rows: Math.round(rows) }), ...(bytes === null ? {} : { bytes }) };
}

/** Turns a row of the reading into the canonical form. `typeNames` knows the types of its columns. */
export function toSourceTable(row: ReadRow, typeNames: Pick<TypeNames, 'get'>, versionNumber: number): SourceTable {
  const {
    key,
    schema,
    name,
    kind,
    owner,
    comments,
    partitioned_by: partitionedBy,
    view_definition: viewDefinition,
  } = row;
  const attnums = numbersOf(row.attnums);
  const columns = toColumns(row, attnums, typeNames);
  const nameOf = new Map(attnums.map((attnum, index) => [Number(attnum), columns[index]?.name ?? '']));
  const keys = (row.keys ?? []).map((keyRow) => ({ keyRow, key: toKey(keyRow, nameOf) }));
  const primaryKey = keys.find(({ keyRow }) => keyRow[1] === 'p')?.key;
  const tree = partitionsOf(key, row.partitions ?? []);
  const estimated =
    kind === 'p'
      ? estimates(tree.rows, tree.bytes, versionNumber)
      : kind === 'v'
        ? {}
        : estimates(row.rows, kind === 'f' ? null : row.bytes, versionNumber);
  return {
    key,
    schema,
    name,
    type: TYPES[kind],
    owner,
    ...(comments?.['0'] === undefined ? {} : { comment: comments['0'] }),
    structure: {
      columns,
      ...(primaryKey === undefined ? {} : { primaryKey }),
      uniqueKeys: keys.flatMap(({ keyRow, key: unique }) => (keyRow[1] === 'u' ? [unique] : [])),
      foreignKeys: keys.flatMap(({ keyRow, key: foreign }) => toForeignKey(keyRow, foreign)),
      indexes: (row.indexes ?? []).map((index) => toIndex(index, nameOf)),
      ...(partitionedBy === null ? {} : { partitionedBy }),
      ...(viewDefinition === null ? {} : { viewDefinition }),
      properties: toProperties(row.properties),
    },
    partitions: tree.partitions,
    ...estimated,
  };
}

/** Written without spreads: a large database has millions of columns. */
function toColumns(row: ReadRow, attnums: readonly string[], typeNames: Pick<TypeNames, 'get'>): Column[] {
  const { names, required, origins, collations, user_types: userTypes, comments, defaults } = row;
  const typeOids = numbersOf(row.type_oids);
  const modifiers = numbersOf(row.type_modifiers);
  return attnums.map((attnum, index) => {
    const userType = userTypes?.[attnum];
    const type = typeNames.get(typeOids[index] ?? '', modifiers[index] ?? '');
    const column: Column = {
      name: names?.[index] ?? '',
      ordinal: index + 1,
      type: userType?.[2] ?? type?.name ?? '',
      // One letter and one comma a column: {t,f,t}
      nullable: required?.charAt(1 + 2 * index) !== 't' && userType?.[1] !== true,
    };
    const baseType = userType?.[0] ?? type?.base ?? undefined;
    if (baseType !== undefined) column.baseType = baseType;
    const origin = origins?.[attnum];
    if (origin === 'a') column.identity = 'always';
    if (origin === 'd') column.identity = 'by default';
    const expression = defaults?.[attnum] ?? undefined;
    if (expression !== undefined) {
      if (origin === 's' || origin === 'v') column.generated = { expression, stored: origin === 's' };
      else column.default = expression;
    }
    const collation = collations?.[attnum] ?? undefined;
    if (collation !== undefined) column.collation = collation;
    const comment = comments?.[attnum];
    if (comment !== undefined) column.comment = comment;
    return column;
  });
}

function toKey([name, , attnums]: ReadKey, nameOf: ReadonlyMap<number, string>): Key {
  return { name, columns: attnums.map((attnum) => nameOf.get(attnum) ?? String(attnum)) };
}

function toForeignKey([, , , references]: ReadKey, key: Key): ForeignKey[] {
  if (references === null) return [];
  const [schema, table, onUpdate, onDelete, columns] = references;
  return [
    {
      ...key,
      references: { schema, table, columns },
      onUpdate: ACTIONS[onUpdate] ?? onUpdate,
      onDelete: ACTIONS[onDelete] ?? onDelete,
    },
  ];
}

function toIndex(
  [name, unique, method, attnums, keyColumns, expressions, where, definition, comment]: ReadIndex,
  nameOf: ReadonlyMap<number, string>,
): Index {
  let next = 0;
  const columns = attnums.map((attnum) =>
    attnum === 0 ? (expressions?.[next++] ?? '') : (nameOf.get(attnum) ?? String(attnum)),
  );
  return {
    name,
    unique,
    method,
    columns: columns.slice(0, keyColumns),
    ...(where === null ? {} : { where }),
    ...(definition === null ? {} : { definition }),
    ...(comment === null ? {} : { comment }),
  };
}

function toProperties([
  unlogged,
  accessMethod,
  tablespace,
  options,
  rowSecurity,
  forcedRowSecurity,
  ofType,
  inherits,
  foreign,
]: ReadProperties): Record<string, string> {
  const [server, wrapper, serverOptions, tableOptions] = foreign ?? [];
  return {
    ...(unlogged ? { persistence: 'unlogged' } : {}),
    ...(accessMethod === null ? {} : { accessMethod }),
    ...(tablespace === null ? {} : { tablespace }),
    ...(options === null ? {} : { options: options.join(', ') }),
    ...(rowSecurity ? { rowSecurity: forcedRowSecurity ? 'forced' : 'enabled' } : {}),
    ...(ofType === null ? {} : { ofType }),
    ...(inherits === null ? {} : { inherits: inherits.join(', ') }),
    ...(server === undefined ? {} : { server }),
    ...(wrapper === undefined ? {} : { foreignDataWrapper: wrapper }),
    ...Object.fromEntries(publicOptions(serverOptions ?? []).map(([name, value]) => [`serverOption:${name}`, value])),
    ...Object.fromEntries(publicOptions(tableOptions ?? []).map(([name, value]) => [`option:${name}`, value])),
  };
}
