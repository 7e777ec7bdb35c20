import { columnOf, type StoredColumn } from './stored-structure.js';
import type { Column, TableStructure } from './table.js';

/**
 * A table's columns as JSON in the very form in which the catalog stores and hashes them. A connector that can write
 * this from what its source sends spares the worker an object for every column, which is most of what a cold crawl
 * would otherwise do.
 */
export interface ColumnsText {
  /**
   * What `canonicalTable` writes for these columns, byte for byte: an array of `StoredColumn` with the properties in the
   * order name, type, baseType, nullable, default, generated, identity, collation, attributes, comment.
   */
  json: string;
  /** Columns in it. */
  count: number;
}

/** The part of a column's text that says its type, with the comma that parts it from the name before it. */
export function writeType({ type, baseType, nullable }: Pick<Column, 'type' | 'baseType' | 'nullable'>): string {
  const stored: Pick<StoredColumn, 'type' | 'baseType' | 'nullable'> = {
    type,
    ...(baseType === undefined || baseType === type ? {} : { baseType }),
    ...(nullable ? {} : { nullable }),
  };
  return `,${JSON.stringify(stored).slice(1, -1)}`;
}

/** The columns that a text stands for, as the rest of the product knows them. */
export function columnsOfText({ json }: ColumnsText): Column[] {
  return (JSON.parse(json) as StoredColumn[]).map((column, index) => columnOf(column, index + 1));
}

/** How many columns a structure has, without taking a text apart. */
export function columnCount(structure: Pick<TableStructure, 'columnsText' | 'columns'>): number {
  return structure.columnsText?.count ?? structure.columns.length;
}
