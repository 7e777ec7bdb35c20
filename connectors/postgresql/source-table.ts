import { isUtf8 } from 'node:buffer';
import { propertiesForm } from '../../catalog/model/properties-form.js';
import { tableOfText } from '../../catalog/model/structure-text.js';
import type { SourceTable, TableType } from '../../catalog/model/table.js';
import { publicOptions } from './foreign-options.js';
import { partitionsOf } from './partitions.js';
import type { ReadProperties, ReadRow } from './read-query.js';

const TYPES: Record<ReadRow['kind'], TableType> = {
  r: 'TABLE',
  p: 'PARTITIONED_TABLE',
  v: 'VIEW',
  m: 'MATERIALIZED_VIEW',
  f: 'FOREIGN_TABLE',
};

const NOT_ESTIMATED = { rows: undefined, bytes: undefined };
const NO_PARTITIONS: ReturnType<typeof partitionsOf> = { partitions: [], rows: null, bytes: null };

/** Before version 14 a relation that was never analysed counted as one with no rows. */
export function estimates(
  rows: number | null,
  bytes: number | null,
  versionNumber: number,
): { rows: number | undefined; bytes: number | undefined } {
  const unknown = rows === null || rows < 0 || (rows === 0 && bytes === 0 && versionNumber < 140_000);
  return { rows: unknown ? undefined : Math.round(rows), bytes: bytes ?? undefined };
}

/** Turns a row of the reading into a table. */
export function toSourceTable(row: ReadRow, versionNumber: number): SourceTable {
  const { key, schema, name, kind, owner, comment, fingerprint } = row;
  const tree = row.partitions === null ? NO_PARTITIONS : partitionsOf(key, row.partitions);
  const estimated =
    kind === 'p'
      ? estimates(tree.rows, tree.bytes, versionNumber)
      : kind === 'v'
        ? NOT_ESTIMATED
        : estimates(row.rows, kind === 'f' ? null : row.bytes, versionNumber);
  return tableOfText({
    key,
    schema,
    name,
    type: TYPES[kind],
    owner,
    comment,
    fingerprint,
    structureText: { json: structureOf(row), columns: row.columns },
    partitions: tree.partitions,
    rows: estimated.rows,
    bytes: estimated.bytes,
  });
}

function structureOf({ structure, properties }: ReadRow): Buffer {
  const whole =
    properties === null
      ? structure
      : Buffer.concat([structure, Buffer.from(`${JSON.stringify(propertiesForm(toProperties(properties)))}}`)]);
  // A database that knows no encoding sends whatever it was given.
  return isUtf8(whole) ? whole : Buffer.from(whole.toString());
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
