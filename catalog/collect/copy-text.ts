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
    else line += isSpecial(value) ? value.replace(EVERY_SPECIAL, escaped) : value;
  }
  return `${line}\n`;
}

/** A value of a bytea column, before it is escaped. */
export function copyBytes(bytes: Buffer | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : `\\x${bytes.toString('hex')}`;
}

/** Bytes that are sent at once. */
const CHUNK = 256 * 1024;

/** Gathers lines into chunks for the wire, each with the same columns before its own. */
export function* copyChunks(lines: Iterable<Uint8Array>, before: Uint8Array): Generator<Buffer> {
  let chunk = Buffer.allocUnsafe(CHUNK);
  let used = 0;
  for (const line of lines) {
    const length = before.length + line.length;
    if (used + length > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used);
      chunk = Buffer.allocUnsafe(Math.max(CHUNK, length));
      used = 0;
    }
    chunk.set(before, used);
    chunk.set(line, used + before.length);
    used += length;
  }
  if (used > 0) yield chunk.subarray(0, used);
}

/** Four searches of the engine's own, each many characters at a time, are faster than one of a regular expression. */
const isSpecial = (value: string): boolean =>
  value.includes('\\') || value.includes('\n') || value.includes('\t') || value.includes('\r');
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
