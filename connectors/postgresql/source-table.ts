import type { Column, ForeignKey, Index, Key, SourceTable, TableType } from '../../catalog/model/table.js';
import { publicOptions } from './foreign-options.js';
import { partitionsOf } from './partitions.js';
import type { ReadColumn, ReadIndex, ReadKey, ReadProperties, ReadRow } from './read-query.js';

const TYPES: Record<ReadRow[3], TableType> = {
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

/** Turns a row of the reading into the canonical form. `typeNames` names PostgreSQL's own types by oid. */
export function toSourceTable(
  row: ReadRow,
  typeNames: Readonly<Record<string, string>>,
  versionNumber: number,
): SourceTable {
  const [key, schema, name, kind, owner, ownRows, ownBytes, columnRows, comments, defaults, keyRows, indexRows] = row;
  const [partitionedBy, partitionRows, viewDefinition, properties] = row.slice(12) as [
    ReadRow[12],
    ReadRow[13],
    ReadRow[14],
    ReadProperties,
  ];
  const columns = (columnRows ?? []).map((column, index) => toColumn(column, index, comments, defaults, typeNames));
  const nameOf = new Map((columnRows ?? []).map(([attnum, columnName]) => [attnum, columnName]));
  const keys = (keyRows ?? []).map((row) => ({ row, key: toKey(row, nameOf) }));
  const primaryKey = keys.find(({ row }) => row[1] === 'p')?.key;
  const tree = partitionsOf(key, partitionRows ?? []);
  const estimated =
    kind === 'p'
      ? estimates(tree.rows, tree.bytes, versionNumber)
      : kind === 'v'
        ? {}
        : estimates(ownRows, kind === 'f' ? null : ownBytes, versionNumber);
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
      uniqueKeys: keys.flatMap(({ row, key }) => (row[1] === 'u' ? [key] : [])),
      foreignKeys: keys.flatMap(({ row, key }) => toForeignKey(row, key)),
      indexes: (indexRows ?? []).map((index) => toIndex(index, nameOf)),
      ...(partitionedBy === null ? {} : { partitionedBy }),
      ...(viewDefinition === null ? {} : { viewDefinition }),
      properties: toProperties(properties),
    },
    partitions: tree.partitions,
    ...estimated,
  };
}

function toColumn(
  [attnum, name, typeOid, type, notNull, identity, generated, collation, userType]: ReadColumn,
  index: number,
  comments: ReadRow[8],
  defaults: ReadRow[9],
  typeNames: Readonly<Record<string, string>>,
): Column {
  const baseType = userType?.[0] ?? typeNames[typeOid];
  const expression = defaults?.[attnum] ?? undefined;
  const comment = comments?.[attnum];
  return {
    name,
    ordinal: index + 1,
    type,
    ...(baseType === undefined ? {} : { baseType }),
    nullable: !notNull && userType?.[1] !== true,
    ...(expression === undefined
      ? {}
      : generated === ''
        ? { default: expression }
        : { generated: { expression, stored: generated === 's' } }),
    ...(identity === '' ? {} : { identity: identity === 'a' ? ('always' as const) : ('by default' as const) }),
    ...(collation === null ? {} : { collation }),
    ...(comment === undefined ? {} : { comment }),
  };
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
