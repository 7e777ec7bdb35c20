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

/** Bytes that are sent at once. */
const CHUNK = 256 * 1024;

/**
 * Gathers lines into chunks for the wire. A page as one string and one buffer would be megabytes of garbage each time,
 * of the kind that is collected late.
 */
export function* copyChunks(lines: Iterable<string>): Generator<Buffer> {
  let chunk = Buffer.allocUnsafe(CHUNK);
  let used = 0;
  for (const line of lines) {
    // A character takes at most three bytes; long lines are measured, since three times them is much.
    const most = line.length < CHUNK / 8 ? line.length * 3 : Buffer.byteLength(line);
    if (used + most > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used);
      chunk = Buffer.allocUnsafe(Math.max(CHUNK, most));
      used = 0;
    }
    used += chunk.write(line, used);
  }
  if (used > 0) yield chunk.subarray(0, used);
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
