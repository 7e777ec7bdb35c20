/** A table as a statement names it; parts that it leaves out are absent. Folded as its dialect folds names. */
export interface TableName {
  catalog?: string;
  schema?: string;
  name: string;
}

/** Where names that leave parts out belong: the session's database and schema. */
export interface NameDefaults {
  catalog?: string;
  schema?: string;
}

/** Longer texts are not read: the parser's time grows faster than they do. Bytes of UTF-8. */
export const MOST_BYTES = 256 * 1_024;

/** The dialects that are read, by the names of `@polyglot-sql/sdk`. */
export const DIALECTS = [
  'postgresql',
  'mysql',
  'hive',
  'spark',
  'tsql',
  'oracle',
  'clickhouse',
  'starrocks',
  'generic',
] as const;
export type Dialect = (typeof DIALECTS)[number];

/** What read the statement, the most exact first. */
export type Parser = 'polyglot' | 'libpg-query' | 'skeleton';

export interface ColumnName {
  table: TableName;
  column: string;
}

/** What one column of the target is made of. */
export interface ColumnLineage {
  column: string;
  sources: ColumnName[];
  /** `direct`: copied; `expression`, `aggregation` and the like as the parser calls them. */
  transformation: string;
}

/** A column that decides which rows there are, and of which none comes into the target by this use. */
export interface IndirectUse extends ColumnName {
  use: 'filter' | 'join' | 'group' | 'order' | 'window' | 'other';
}

export interface StatementLineage {
  /** `insert`, `create_table`, `create_view`, `merge`, `update`, `delete`, `select_into` or `query`. */
  kind: string;
  target: TableName;
  /** Every table that is read, once; the target only where it is read too by a query of its own. */
  sources: TableName[];
  /** Empty where the columns are not known; see `columnLevel`. */
  columns: ColumnLineage[];
  indirect: IndirectUse[];
  parser: Parser;
  columnLevel: 'complete' | 'partial' | 'none';
  /** Why the column level is not complete. */
  reason?: string;
}

export interface Extraction {
  statements: StatementLineage[];
  /** Statements that ought to have lineage, or may, and could not be read. Never dropped silently. */
  unparsed: { sql: string; reason: string /** It may be read on a calmer machine. */; outOfTime?: true }[];
}

/** The columns of a table in their order, or undefined where the table is not known. */
export type ColumnsOf = (table: TableName) => readonly string[] | undefined;

/** One text to read. With `target` the text is a bare query, such as a view's, whose outputs are the target's columns. */
export interface ExtractionTask {
  sql: string;
  dialect: Dialect;
  defaults?: NameDefaults;
  target?: { table: TableName; columns?: readonly string[] };
}
