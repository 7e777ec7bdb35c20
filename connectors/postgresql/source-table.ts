import { columnsOfText, writeType } from '../../catalog/model/columns-text.js';
import type {
  ColumnsText,
  ForeignKey,
  Index,
  Key,
  SourceTable,
  TableStructure,
  TableType,
} from '../../catalog/model/table.js';
import { type ColumnTypes, refusesNull } from './column-types.js';
import { publicOptions } from './foreign-options.js';
import { partitionsOf } from './partitions.js';
import type { ReadIndex, ReadKey, ReadProperties, ReadRow } from './read-query.js';
import { numbersOf, stringOf, stringsOf } from './server-arrays.js';

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

const NO_PARTITIONS: ReturnType<typeof partitionsOf> = { partitions: [], rows: null, bytes: null };

/** Comments as JSON without its quotes by attnum, the relation's own under 0. */
function commentsOf({ commented, comments }: ReadRow): Map<string, string> {
  const texts = stringsOf(comments);
  return new Map(numbersOf(commented).map((attnum, place) => [attnum, texts[place] ?? '']));
}

/** Before version 14 a relation that was never analysed counted as one with no rows. */
export function estimates(
  rows: number | null,
  bytes: number | null,
  versionNumber: number,
): { rows?: number; bytes?: number } {
  const unknown = rows === null || rows < 0 || (rows === 0 && bytes === 0 && versionNumber < 140_000);
  return { ...(unknown ? {} : { rows: Math.round(rows) }), ...(bytes === null ? {} : { bytes }) };
}

/** Turns a row of the reading into the canonical form. `types` knows the types of its columns. */
export function toSourceTable(row: ReadRow, types: Pick<ColumnTypes, 'get'>, versionNumber: number): SourceTable {
  const { key, schema, name, kind, owner, partitioned_by: partitionedBy, view_definition: viewDefinition } = row;
  const attnums = numbersOf(row.attnums);
  const names = stringsOf(row.names);
  const comments = commentsOf(row);
  const columnsText = toColumnsText(row, attnums, names, comments, types);
  const nameOf = (attnum: number) => {
    const name = names[attnums.indexOf(String(attnum))];
    return name === undefined ? String(attnum) : stringOf(name);
  };
  const comment = comments.get('0');
  const keys = (row.keys ?? []).map((keyRow) => ({ keyRow, key: toKey(keyRow, nameOf) }));
  const primaryKey = keys.find(({ keyRow }) => keyRow[1] === 'p')?.key;
  const tree = row.partitions === null ? NO_PARTITIONS : partitionsOf(key, row.partitions);
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
    ...(comment === undefined ? {} : { comment: stringOf(comment) }),
    structure: withColumns({
      columnsText,
      ...(primaryKey === undefined ? {} : { primaryKey }),
      uniqueKeys: keys.flatMap(({ keyRow, key: unique }) => (keyRow[1] === 'u' ? [unique] : [])),
      foreignKeys: keys.flatMap(({ keyRow, key: foreign }) => toForeignKey(keyRow, foreign)),
      indexes: (row.indexes ?? []).map((index) => toIndex(index, nameOf)),
      ...(partitionedBy === null ? {} : { partitionedBy }),
      ...(viewDefinition === null ? {} : { viewDefinition }),
      properties: toProperties(row.properties),
    }),
    partitions: tree.partitions,
    ...estimated,
  };
}

/** One function for all: objects whose getters differ share no shape, and the engine keeps each as a dictionary. */
const COLUMNS: PropertyDescriptor & ThisType<{ columnsText: ColumnsText }> = {
  get() {
    return columnsOfText(this.columnsText);
  },
  enumerable: true,
};

const withColumns = (structure: Omit<TableStructure, 'columns'> & { columnsText: ColumnsText }): TableStructure =>
  Object.defineProperty(structure, 'columns', COLUMNS) as TableStructure;

/** Text from the start: a large database has millions of columns, and the catalog wants nothing else of them. */
function toColumnsText(
  row: ReadRow,
  attnums: readonly string[],
  names: readonly string[],
  comments: ReadonlyMap<string, string>,
  types: Pick<ColumnTypes, 'get'>,
): ColumnsText {
  const { origins, collations, user_types: userTypes, defaults } = row;
  const typeKeys = row.types?.split(',') ?? [];
  const parts: string[] = [];
  for (let index = 0; index < attnums.length; index += 1) {
    const attnum = attnums[index] ?? '';
    const userType = userTypes?.[attnum];
    const typeKey = typeKeys[index] ?? '';
    const type =
      userType === undefined
        ? types.get(typeKey)
        : writeType({ type: userType[2], baseType: userType[0], nullable: !(userType[1] || refusesNull(typeKey)) });
    parts.push(index === 0 ? '[{"name":"' : ',{"name":"', names[index] ?? '', '"', type);
    const expression = defaults?.[attnum] ?? undefined;
    const origin = origins?.[attnum];
    if (expression !== undefined) {
      parts.push(
        origin === 's' || origin === 'v'
          ? `,"generated":{"expression":${JSON.stringify(expression)},"stored":${origin === 's'}}`
          : `,"default":${JSON.stringify(expression)}`,
      );
    }
    if (origin === 'a') parts.push(',"identity":"always"');
    if (origin === 'd') parts.push(',"identity":"by default"');
    const collation = collations?.[attnum] ?? undefined;
    if (collation !== undefined) parts.push(`,"collation":${JSON.stringify(collation)}`);
    const comment = comments.get(attnum);
    if (comment === undefined) parts.push('}');
    else parts.push(',"comment":"', comment, '"}');
  }
  return { json: attnums.length === 0 ? '[]' : `${parts.join('')}]`, count: attnums.length };
}

function toKey([name, , attnums]: ReadKey, nameOf: (attnum: number) => string): Key {
  return { name, columns: attnums.map(nameOf) };
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
  nameOf: (attnum: number) => string,
): Index {
  let next = 0;
  const columns = attnums.map((attnum) => (attnum === 0 ? (expressions?.[next++] ?? '') : nameOf(attnum)));
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
  return {
    ...(unlogged ? { persistence: 'unlogged' } : {}),
    ...(accessMethod === null ? {} : { accessMethod }),
    ...(tablespace === null ? {} : { tablespace }),
    ...(options === null ? {} : { options: options.join(', ') }),
    ...(rowSecurity ? { rowSecurity: forcedRowSecurity ? 'forced' : 'enabled' } : {}),
    ...(ofType === null ? {} : { ofType }),
    ...(inherits === null ? {} : { inherits: inherits.join(', ') }),
    ...(foreign === null ? {} : foreignProperties(foreign)),
  };
}

type Foreign = NonNullable<ReadProperties[8]>;

function foreignProperties([server, wrapper, serverOptions, options]: Foreign): Record<string, string> {
  return {
    server,
    foreignDataWrapper: wrapper,
    ...Object.fromEntries(publicOptions(serverOptions ?? []).map(([name, value]) => [`serverOption:${name}`, value])),
    ...Object.fromEntries(publicOptions(options ?? []).map(([name, value]) => [`option:${name}`, value])),
  };
}
