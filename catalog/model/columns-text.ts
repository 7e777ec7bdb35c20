import { columnOf, type StoredColumn } from './stored-structure.js';
import type { Column, ColumnsText, TableStructure } from './table.js';

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
