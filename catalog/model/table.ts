/** The kinds of relation that the map tells apart. A connector maps its own words onto these. */
export const TABLE_TYPES = ['TABLE', 'PARTITIONED_TABLE', 'VIEW', 'MATERIALIZED_VIEW', 'FOREIGN_TABLE'] as const;
export type TableType = (typeof TABLE_TYPES)[number];

/** One column as the source declares it. Absent optional fields mean "the source has none". */
export interface Column {
  name: string;
  /** 1-based, dense: the place in the table as a reader sees it, not the source's internal number. */
  ordinal: number;
  /** The full type as the source spells it, e.g. `character varying(40)[]`. */
  type: string;
  /** The type without length, dimension or domain, for search, e.g. `varchar`. */
  baseType?: string;
  nullable: boolean;
  default?: string;
  generated?: { expression: string; stored: boolean };
  identity?: 'always' | 'by default' | 'auto_increment';
  collation?: string;
  /** Whatever else the source says of it, in its own words, e.g. `on update current_timestamp()` or `INVISIBLE`. */
  attributes?: string[];
  comment?: string;
}

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

export interface Key {
  name: string;
  columns: string[];
}

export interface ForeignKey extends Key {
  references: { database?: string; schema?: string; table: string; columns: string[] };
  onUpdate?: string;
  onDelete?: string;
}

export interface Index {
  name: string;
  unique: boolean;
  method?: string;
  /** Column names, or expressions as the source prints them. */
  columns: string[];
  /** The condition of a partial index. */
  where?: string;
  definition?: string;
  /** Whatever else the source says of it, in its own words, e.g. `INVISIBLE`. */
  attributes?: string[];
  comment?: string;
}

/** What a table is made of: this, with type, owner and comment, is what is hashed, versioned and compared. */
export interface TableStructure {
  columns: Column[];
  /**
   * The same columns in the catalog's own form, from a connector that can write them so. The catalog takes this and never
   * looks at `columns`, which such a connector makes only when asked.
   */
  columnsText?: ColumnsText;
  primaryKey?: Key;
  uniqueKeys: Key[];
  foreignKeys: ForeignKey[];
  indexes: Index[];
  /** How rows are spread, e.g. `RANGE (created_at)`. */
  partitionedBy?: string;
  /** The text of a view, as the source prints it. */
  viewDefinition?: string;
  /** Whatever else the source says that does not change with its rows, e.g. engine or collation. */
  properties: Record<string, string>;
}

export interface Partition {
  /** Unique within the table; sub-partitions carry their parent's name. */
  name: string;
  ordinal: number;
  /** e.g. `FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`. */
  bound?: string;
  parent?: string;
  rows?: number;
  bytes?: number;
  properties?: Record<string, string>;
}

/** A table, view or the like, as a connector reads it from a source. */
export interface SourceTable {
  /** The source's own key of the object within its database: stable over renames where the source has such a thing. */
  key: string;
  schema: string | null;
  name: string;
  type: TableType;
  owner?: string;
  comment?: string;
  structure: TableStructure;
  partitions: Partition[];
  rows?: number;
  bytes?: number;
}
