import type { Flavour } from './flavour.js';

/**
 * The statements that read a database. Each section of the catalogue is described once, as the expressions it is read
 * with; the listing hashes exactly these, so that nothing that is read can change without its fingerprint.
 *
 * Names are compared in `IN` lists of at most a page. On MariaDB and MySQL 5.7, where information_schema opens each
 * table, all statements of one page find its tables in the table cache: 10,000 tables are read in a third of the time
 * that whole-database statements take (docs/performance.md). `information_schema` folds case when it compares, so
 * answers can hold more than was asked for; readers go by exact names.
 */
export interface Section {
  from: string;
  /** The column that names the database. */
  schema: string;
  where?: string;
  /** What tells rows of one object apart, in order. */
  order: readonly string[];
  /** Part of an object's canonical form. */
  parts: readonly string[];
  /** Read along, but moved by rows coming and going: never part of a fingerprint. */
  figures?: readonly string[];
}

export const OBJECTS: Section = {
  from: 'information_schema.TABLES',
  schema: 'TABLE_SCHEMA',
  order: [],
  parts: ['TABLE_TYPE', 'ENGINE', 'TABLE_COLLATION', 'CREATE_OPTIONS', 'TABLE_COMMENT'],
  figures: ['TABLE_ROWS', 'DATA_LENGTH + INDEX_LENGTH'],
};

export function columnsOf({ hasDictionary }: Flavour): Section {
  return {
    from: 'information_schema.COLUMNS',
    schema: 'TABLE_SCHEMA',
    order: ['ORDINAL_POSITION'],
    parts: [
      'ORDINAL_POSITION',
      'COLUMN_NAME',
      'COLUMN_TYPE',
      'DATA_TYPE',
      'IS_NULLABLE',
      'COLUMN_DEFAULT',
      'EXTRA',
      'COLLATION_NAME',
      'COLUMN_COMMENT',
      'GENERATION_EXPRESSION',
      hasDictionary ? 'SRS_ID' : 'NULL',
    ],
  };
}

export function indexesOf({ hasDictionary, hasIndexExpressions, hasIgnoredIndexes }: Flavour): Section {
  const hidden = hasDictionary ? "IS_VISIBLE = 'NO'" : hasIgnoredIndexes ? "IGNORED = 'YES'" : '0';
  return {
    from: 'information_schema.STATISTICS',
    schema: 'TABLE_SCHEMA',
    order: ['INDEX_NAME', 'SEQ_IN_INDEX'],
    parts: [
      'INDEX_NAME',
      'NON_UNIQUE',
      'COLUMN_NAME',
      'SUB_PART',
      'COLLATION',
      'INDEX_TYPE',
      'INDEX_COMMENT',
      hasIndexExpressions ? 'EXPRESSION' : 'NULL',
      hidden,
    ],
  };
}

export const FOREIGN_KEY_COLUMNS: Section = {
  from: 'information_schema.KEY_COLUMN_USAGE',
  schema: 'TABLE_SCHEMA',
  where: 'REFERENCED_TABLE_NAME IS NOT NULL',
  order: ['CONSTRAINT_NAME', 'ORDINAL_POSITION'],
  parts: [
    'CONSTRAINT_NAME',
    'COLUMN_NAME',
    'REFERENCED_TABLE_SCHEMA',
    'REFERENCED_TABLE_NAME',
    'REFERENCED_COLUMN_NAME',
  ],
};

/** Apart from their columns: a join of the two would compare every row with every row. */
export const FOREIGN_KEY_RULES: Section = {
  from: 'information_schema.REFERENTIAL_CONSTRAINTS',
  schema: 'CONSTRAINT_SCHEMA',
  order: ['CONSTRAINT_NAME'],
  parts: ['CONSTRAINT_NAME', 'UPDATE_RULE', 'DELETE_RULE'],
};

export const PARTITIONS: Section = {
  from: 'information_schema.PARTITIONS',
  schema: 'TABLE_SCHEMA',
  where: 'PARTITION_NAME IS NOT NULL',
  order: ['PARTITION_ORDINAL_POSITION', 'SUBPARTITION_ORDINAL_POSITION'],
  parts: [
    'PARTITION_ORDINAL_POSITION',
    'SUBPARTITION_ORDINAL_POSITION',
    'PARTITION_NAME',
    'SUBPARTITION_NAME',
    'PARTITION_METHOD',
    'PARTITION_EXPRESSION',
    'SUBPARTITION_METHOD',
    'SUBPARTITION_EXPRESSION',
    'PARTITION_DESCRIPTION',
    'PARTITION_COMMENT',
  ],
  figures: ['TABLE_ROWS', 'DATA_LENGTH + INDEX_LENGTH'],
};

export const VIEWS: Section = {
  from: 'information_schema.VIEWS',
  schema: 'TABLE_SCHEMA',
  order: [],
  parts: ['VIEW_DEFINITION', 'CHECK_OPTION', 'DEFINER', 'SECURITY_TYPE'],
};

/** Names alone open no table and wait for no lock. The binding is the database. */
export const NAMES = `
SELECT TABLE_NAME
FROM   information_schema.TABLES
WHERE  TABLE_SCHEMA = ?
ORDER  BY TABLE_NAME`;

/** Reads a section: the name, its parts, its figures; ordered within each object only. Bindings: database, names. */
export function readStatement({ from, schema, where, order, parts, figures = [] }: Section): string {
  return `
SELECT ${['TABLE_NAME', ...parts, ...figures].join(', ')}
FROM   ${from}
WHERE  ${schema} = ? AND TABLE_NAME IN (?)${where === undefined ? '' : ` AND ${where}`}${
    order.length === 0 ? '' : `\nORDER  BY ${order.join(', ')}`
  }`;
}

/**
 * One row for each object and section: name, number of the section, hash. Bindings: database and names, once for each
 * section. QUOTE tells NULL from '' and a separator from a text that holds one; each row is hashed first, so that what
 * is concatenated stays below any limit of the server. MySQL 9.6 and newer have MD5 no longer; MariaDB and MySQL 5.7
 * keep it, and the fingerprints of what was read from them.
 * https://dev.mysql.com/doc/refman/9.6/en/encryption-functions.html
 */
export function hashStatement(sections: readonly Section[], { hasDictionary }: Flavour): string {
  const hash = (what: string) => (hasDictionary ? `SHA2(${what}, 256)` : `MD5(${what})`);
  return sections
    .map(({ from, schema, where, order, parts }, number) => {
      const row = hash(`CONCAT_WS(',', ${parts.map((part) => `QUOTE(${part})`).join(', ')})`);
      const inOrder = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
      return `
SELECT CONVERT(TABLE_NAME USING utf8mb4) COLLATE utf8mb4_bin AS object, ${number} AS section,
       ${hash(`GROUP_CONCAT(${row}${inOrder} SEPARATOR '')`)} AS hash
FROM   ${from}
WHERE  ${schema} = ? AND TABLE_NAME IN (?)${where === undefined ? '' : ` AND ${where}`}
GROUP  BY object`;
    })
    .join('\nUNION ALL');
}

/** The binding is the database. Its name is compared exactly by the caller. */
export const DATABASE = `
SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME
FROM   information_schema.SCHEMATA
WHERE  SCHEMA_NAME = ?`;

export const DATABASES = `
SELECT SCHEMA_NAME
FROM   information_schema.SCHEMATA
ORDER  BY SCHEMA_NAME`;

export const GRANTS = 'SHOW GRANTS';
export const CURRENT_ROLES = 'SELECT CURRENT_ROLE()';

/** Of the statement before. */
export const WARNINGS = 'SHOW WARNINGS';
