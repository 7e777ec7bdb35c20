import { type StoredStructure, structureOf } from './stored-structure.js';
import type { Partition, SourceTable, StructureText, TableStructure, TableType } from './table.js';

/** What is known of a table whose structure is known as text. */
export interface TextOfTable {
  key: string;
  schema: string | null;
  name: string;
  type: TableType;
  owner: string;
  comment: string | null;
  fingerprint: string;
  structureText: StructureText;
  partitions: Partition[];
  rows: number | undefined;
  bytes: number | undefined;
}

/**
 * A table whose structure is known as text, and is taken apart each time that somebody asks for it. A class, since of plain
 * objects each with a getter of its own no two have one shape, and the engine makes a new one for every table.
 */
class TableOfText implements SourceTable {
  readonly key: string;
  readonly schema: string | null;
  readonly name: string;
  readonly type: TableType;
  readonly owner: string;
  declare readonly comment?: string;
  readonly fingerprint: string;
  readonly structureText: StructureText;
  readonly partitions: Partition[];
  declare readonly rows?: number;
  declare readonly bytes?: number;

  constructor(table: TextOfTable) {
    this.key = table.key;
    this.schema = table.schema;
    this.name = table.name;
    this.type = table.type;
    this.owner = table.owner;
    this.fingerprint = table.fingerprint;
    this.structureText = table.structureText;
    this.partitions = table.partitions;
    if (table.comment !== null) this.comment = table.comment;
    if (table.rows !== undefined) this.rows = table.rows;
    if (table.bytes !== undefined) this.bytes = table.bytes;
  }

  get structure(): TableStructure {
    return structureOf(JSON.parse(this.structureText.json.toString()) as StoredStructure);
  }
}

export const tableOfText = (table: TextOfTable): SourceTable => new TableOfText(table);

/** The same table with its structure as objects alone. */
export function withoutText(table: SourceTable): SourceTable {
  const { structureText: _, ...rest } = table;
  return { ...rest, structure: table.structure };
}

/** How many columns a table has, without taking a text apart. */
export function columnCount(table: SourceTable): number {
  return table.structureText?.columns ?? table.structure.columns.length;
}
