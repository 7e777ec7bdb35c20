import type { Column } from '../../catalog/model/table.js';
import type { Flavour } from './flavour.js';
import { text } from './objects.js';
import type { Row } from './session.js';

/** Types whose defaults MySQL prints as they are written; it prints the text of all others without quotes. */
const BARE_TYPES = new Set([
  'tinyint',
  'smallint',
  'mediumint',
  'int',
  'integer',
  'bigint',
  'decimal',
  'numeric',
  'float',
  'double',
  'bit',
  'year',
]);

/** Turns a row of the columns section into a column. `ordinal` is its place in the table, dense. */
export function columnOf(row: Row, ordinal: number, flavour: Flavour): Column {
  const [, , name, type, dataType, nullable, printedDefault, extra, collation, comment, expression, srid] =
    row.map(text);
  const notes = (extra ?? '').trim();
  const generated = generatedOf(expression, notes);
  const autoIncrement = /\bauto_increment\b/i.test(notes);
  const shownDefault =
    generated === undefined ? columnDefault(printedDefault, dataType ?? '', notes, flavour) : undefined;
  const attributes = attributesOf(notes, srid);
  return {
    name: name ?? '',
    ordinal,
    type: type ?? '',
    ...(dataType === undefined ? {} : { baseType: dataType }),
    nullable: nullable === 'YES',
    ...(shownDefault === undefined ? {} : { default: shownDefault }),
    ...(generated === undefined ? {} : { generated }),
    ...(autoIncrement ? { identity: 'auto_increment' as const } : {}),
    ...(collation === undefined ? {} : { collation }),
    ...(comment === undefined || comment === '' ? {} : { comment }),
    ...(attributes.length === 0 ? {} : { attributes }),
  };
}

/**
 * The default as one would write it. MariaDB prints it so, and `NULL` for none; MySQL prints a literal's bare text,
 * and marks expressions by DEFAULT_GENERATED (8) or knows only CURRENT_TIMESTAMP (5.7).
 */
export function columnDefault(
  printed: string | undefined,
  dataType: string,
  extra: string,
  { product }: Pick<Flavour, 'product'>,
): string | undefined {
  if (printed === undefined) return undefined;
  if (product === 'MariaDB') return printed === 'NULL' ? undefined : printed;
  if (/\bDEFAULT_GENERATED\b/.test(extra)) return printed;
  if (BARE_TYPES.has(dataType)) return printed;
  if (/^(?:timestamp|datetime)$/.test(dataType) && /^CURRENT_TIMESTAMP\b/i.test(printed)) return printed;
  if (/binary$|blob$/.test(dataType) && /^0x[0-9A-Fa-f]*$/.test(printed)) return printed;
  return `'${printed.replaceAll("'", "''")}'`;
}

function generatedOf(expression: string | undefined, extra: string): Column['generated'] {
  if (expression === undefined || expression === '') return undefined;
  return { expression, stored: /\b(?:STORED|PERSISTENT)\b/i.test(extra) };
}

/** What is left of EXTRA when what has a place of its own is taken out, e.g. `on update current_timestamp()`. */
function attributesOf(extra: string, srid: string | undefined): string[] {
  const rest = extra
    .replace(/\b(?:auto_increment|DEFAULT_GENERATED|(?:VIRTUAL|STORED|PERSISTENT) GENERATED)\b/gi, '')
    .replace(/,/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const invisible = /\bINVISIBLE\b/.test(rest);
  const other = rest.replace(/\s?\bINVISIBLE\b/, '').trim();
  return [
    ...(other === '' ? [] : [other]),
    ...(invisible ? ['INVISIBLE'] : []),
    ...(srid === undefined ? [] : [`SRID ${srid}`]),
  ];
}
