/**
 * Writes values in the text format of COPY (https://www.postgresql.org/docs/current/sql-copy.html): backslash, tab and
 * line ends escaped, `\N` for null. By hand, because a page is some ten thousand values and most need nothing done.
 */
export function copyLine(values: readonly (string | number | null | undefined)[]): string {
  let line = '';
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index];
    if (index > 0) line += '\t';
    if (value === null || value === undefined) line += '\\N';
    else if (typeof value === 'number') line += value;
    else line += SPECIAL.test(value) ? value.replace(EVERY_SPECIAL, escaped) : value;
  }
  return `${line}\n`;
}

/** A value of a bytea column, before it is escaped. */
export function copyBytes(bytes: Buffer | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : `\\x${bytes.toString('hex')}`;
}

const SPECIAL = /[\\\t\n\r]/;
const EVERY_SPECIAL = /[\\\t\n\r]/g;

function escaped(character: string): string {
  switch (character) {
    case '\t':
      return '\\t';
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    default:
      return '\\\\';
  }
}
