import { hash } from 'node:crypto';
import { propertiesForm } from '../model/properties-form.js';
import type { StoredColumn } from '../model/stored-structure.js';
import { withoutText } from '../model/structure-text.js';
import type { Column, ForeignKey, Index, Key, Partition, SourceTable, TableStructure } from '../model/table.js';
import { mayBeUnstorable, storable } from './storable-text.js';

/** Bytes of a content hash: half a SHA-256, still far beyond any number of tables there will be. */
export const HASH_BYTES = 16;

/** A table in the one form in which equal content is equal bytes. */
export interface CanonicalTable {
  /** The table with what cannot be stored replaced; the same object where nothing had to be. */
  table: SourceTable;
  /** JSON of the structure, as stored; bytes where the connector wrote it. */
  structure: string | Buffer;
  /** JSON of the partitions with their statistics, as stored; null without partitions. */
  partitions: string | null;
  /** Of everything but statistics. */
  hash: Buffer;
  /** Of what a version keeps: type, names, owner, comment and structure. */
  structureHash: Buffer;
  /** Of the set of partitions; null without any. */
  partitionHash: Buffer | null;
}

/**
 * Brings a table into canonical form. Neither the order of an object's properties, nor of keys, indexes and
 * partitions, nor an absent field against an undefined one makes a difference; row counts and sizes are left out
 * of every hash.
 */
export function canonicalTable(source: SourceTable): CanonicalTable {
  let table = source;
  let structure = table.structureText?.json ?? structureJson(table.structure);
  let identity = identityJson(table);
  let set = table.partitions.length === 0 ? null : partitionSet(table.partitions);
  if (
    (typeof structure === 'string' && mayBeUnstorable(structure)) ||
    mayBeUnstorable(identity) ||
    (set !== null && mayBeUnstorable(set))
  ) {
    table = storable(withoutText(source));
    structure = structureJson(table.structure);
    identity = identityJson(table);
    set = set === null ? null : partitionSet(table.partitions);
  }
  const structureHash = digestBoth(`${identity}\n`, structure);
  const partitionHash = set === null ? null : digest(set);
  return {
    table,
    structure,
    partitions: set === null ? null : partitionsJson(table.partitions),
    hash: partitionHash === null ? structureHash : digest(Buffer.concat([structureHash, partitionHash])),
    structureHash,
    partitionHash,
  };
}

/** The hash of an entity that has no structure, such as a schema. */
export function hashOf(parts: readonly (string | null)[]): Buffer {
  return digest(JSON.stringify(parts));
}

function digest(content: string | Buffer): Buffer {
  return hash('sha256', content, 'buffer').subarray(0, HASH_BYTES);
}

let scratch = Buffer.alloc(64 * 1024);

/** Of one text after the other. Bytes are put into one piece, since a hash that is told two is an object of its own. */
function digestBoth(first: string, second: string | Buffer): Buffer {
  if (typeof second === 'string') return digest(first + second);
  const most = 3 * first.length + second.length;
  if (most > scratch.length) scratch = Buffer.alloc(most);
  const start = scratch.write(first);
  return digest(scratch.subarray(0, start + second.copy(scratch, start)));
}

function identityJson(table: SourceTable): string {
  return JSON.stringify([table.type, table.schema, table.name, table.owner ?? null, table.comment ?? null]);
}

/** The order in which properties are written here is the stored format: a change makes every table look changed. */
function structureJson(structure: TableStructure): string {
  const columns = columnsJson(structure.columns);
  const others = JSON.stringify({
    primaryKey: structure.primaryKey === undefined ? undefined : keyForm(structure.primaryKey),
    uniqueKeys: sorted(structure.uniqueKeys, byName).map(keyForm),
    foreignKeys: sorted(structure.foreignKeys, byName).map(foreignKeyForm),
    indexes: sorted(structure.indexes, byName).map(indexForm),
    partitionedBy: structure.partitionedBy,
    viewDefinition: structure.viewDefinition,
    properties: propertiesForm(structure.properties),
  });
  return `{"columns":${columns},${others.slice(1)}`;
}

function columnsJson(columns: readonly Column[]): string {
  return JSON.stringify(sorted(columns, (a, b) => a.ordinal - b.ordinal).map(columnForm));
}

/** Every property by name: one that a connector learns to fill must not get lost here. */
type Whole<T> = { [K in keyof Required<T>]: T[K] };

function columnForm(column: Column): Whole<StoredColumn> {
  const { generated } = column;
  return {
    name: column.name,
    type: column.type,
    baseType: column.baseType === column.type ? undefined : column.baseType,
    nullable: column.nullable ? undefined : false,
    default: column.default,
    generated: generated === undefined ? undefined : { expression: generated.expression, stored: generated.stored },
    identity: column.identity,
    collation: column.collation,
    attributes: column.attributes,
    comment: column.comment,
  };
}

function keyForm(key: Key): Key {
  return { name: key.name, columns: key.columns };
}

function foreignKeyForm(key: ForeignKey): Whole<ForeignKey> {
  const { database, schema, table, columns } = key.references;
  return {
    name: key.name,
    columns: key.columns,
    references: { database, schema, table, columns },
    onUpdate: key.onUpdate,
    onDelete: key.onDelete,
  };
}

function indexForm(index: Index): Whole<Index> {
  return {
    name: index.name,
    unique: index.unique,
    method: index.method,
    columns: index.columns,
    attributes: index.attributes,
    where: index.where,
    definition: index.definition,
    comment: index.comment,
  };
}

function partitionSet(partitions: readonly Partition[]): string {
  return JSON.stringify(
    sorted(partitions, byName).map((partition) => [
      partition.name,
      partition.ordinal,
      partition.bound ?? null,
      partition.parent ?? null,
      propertiesForm(partition.properties ?? {}),
    ]),
  );
}

function partitionsJson(partitions: readonly Partition[]): string {
  return JSON.stringify(
    partitions.map(({ name, ordinal, bound, parent, rows, bytes, properties }) => ({
      name,
      ordinal,
      bound,
      parent,
      rows,
      bytes,
      properties: properties ?? {},
    })),
  );
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Sources nearly always deliver in order, and a sorted copy of every list of every table would cost for nothing. */
function sorted<T>(items: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  for (let index = 1; index < items.length; index += 1) {
    if (compare(items[index - 1] as T, items[index] as T) > 0) return [...items].sort(compare);
  }
  return items;
}
