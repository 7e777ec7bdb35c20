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

/**
 * A table's structure as JSON in the very form in which the catalog stores and hashes it. A connector whose source can
 * write this spares the worker an object for every column, key and index, which is most of what a first crawl would
 * otherwise do.
 */
export interface StructureText {
  /**
   * What `canonicalTable` writes for this structure, byte for byte: a `StoredStructure` with its properties in the order
   * columns, primaryKey, uniqueKeys, foreignKeys, indexes, partitionedBy, viewDefinition, properties, each list in the
   * order of names, and of a column name, type, baseType, nullable, default, generated, identity, collation, attributes,
   * comment. Well-formed UTF-8 of what the catalog can store.
   */
  json: Buffer;
  /** Columns in it. */
  columns: number;
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
  /** Of a connector that can list what was never read: the part of a fingerprint that such a listing leaves out. */
  fingerprint?: string;
  structure: TableStructure;
  /**
   * The same structure in the catalog's own form, from a connector that can write it so. The catalog takes this and never
   * looks at `structure`, which is then made only when asked for.
   */
  structureText?: StructureText;
  partitions: Partition[];
  rows?: number;
  bytes?: number;
}
