import type { Column, TableStructure } from './table.js';

/** A column as `entity.structure` holds it: its ordinal is its place in the list, counted from 1. */
export type StoredColumn = Omit<Column, 'ordinal'>;

/** What `entity.structure` holds: of a table all of it, of a database or schema properties alone. */
export type StoredStructure = Partial<Omit<TableStructure, 'columns'>> & { columns?: StoredColumn[] };

/** A structure as the rest of the product knows it; lists that were not stored are empty. */
export function structureOf(stored: StoredStructure): TableStructure {
  return {
    ...stored,
    columns: (stored.columns ?? []).map((column, index) => ({ ...column, ordinal: index + 1 })),
    uniqueKeys: stored.uniqueKeys ?? [],
    foreignKeys: stored.foreignKeys ?? [],
    indexes: stored.indexes ?? [],
    properties: stored.properties ?? {},
  };
}
