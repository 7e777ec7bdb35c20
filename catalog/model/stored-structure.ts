import type { Column, TableStructure } from './table.js';

/**
 * A column as `entity.structure` holds it. What is nearly always the same is left out, since a table's columns are most
 * of what a crawl writes: the ordinal is the place in the list, counted from 1; `nullable` is there only as false, and
 * `baseType` only where it differs from `type`.
 */
export type StoredColumn = Omit<Column, 'ordinal' | 'nullable'> & { nullable?: false };

/** What `entity.structure` holds, as JSON text: of a table all of it, of a database or schema properties alone. */
export type StoredStructure = Partial<Omit<TableStructure, 'columns'>> & { columns?: StoredColumn[] };

/** A structure as the rest of the product knows it; lists that were not stored are empty. */
export function structureOf(stored: StoredStructure): TableStructure {
  return {
    ...stored,
    columns: (stored.columns ?? []).map((column, index) => columnOf(column, index + 1)),
    uniqueKeys: stored.uniqueKeys ?? [],
    foreignKeys: stored.foreignKeys ?? [],
    indexes: stored.indexes ?? [],
    properties: stored.properties ?? {},
  };
}

/** A column at its place, as the rest of the product knows it. */
export function columnOf(stored: StoredColumn, ordinal: number): Column {
  const { name, type, baseType, nullable, ...rest } = stored;
  return { name, ordinal, type, baseType: baseType ?? type, nullable: nullable ?? true, ...rest };
}
