/**
 * Writes rows in the binary format of COPY (https://www.postgresql.org/docs/current/sql-copy.html): of each field its length
 * in bytes and then its bytes, -1 for null. Text goes in as it is, where the text format would have to be searched for what
 * it escapes.
 */

/** What opens the data: the signature, no flags, no extension. */
export const COPY_HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
/** What closes the data. */
export const COPY_TRAILER = Buffer.from([0xff, 0xff]);

/** The types of columns that can be written. */
export type CopyType = 'text' | 'jsonb' | 'integer' | 'bigint' | 'bytea' | 'uuid';
export type CopyValue = string | number | Buffer | null | undefined;

/** A longer text is measured, since three bytes for each of its characters would be much. */
const LONG = 32 * 1024;

/** Bytes that are enough for the fields of a row: of each its length, and for jsonb its version. */
export function mostBytes(values: readonly CopyValue[]): number {
  let bytes = 5 * values.length;
  for (const value of values) {
    if (typeof value === 'string') bytes += value.length < LONG ? 3 * value.length : Buffer.byteLength(value);
    else bytes += Buffer.isBuffer(value) ? value.length : 8;
  }
  return bytes;
}

/** Writes the fields of a row from `at` on, and returns where they end. There must be room for `mostBytes`. */
export function writeFields(
  into: Buffer,
  at: number,
  types: readonly CopyType[],
  values: readonly CopyValue[],
): number {
  let end = at;
  for (let index = 0; index < types.length; index += 1)
    end = writeField(into, end, types[index] ?? 'text', values[index]);
  return end;
}

function writeField(into: Buffer, at: number, type: CopyType, value: CopyValue): number {
  if (value === null || value === undefined) return into.writeInt32BE(-1, at);
  const start = at + 4;
  let end = start;
  if (typeof value === 'number') {
    end = type === 'bigint' ? into.writeBigInt64BE(BigInt(value), start) : into.writeInt32BE(value, start);
  } else if (type === 'uuid') {
    end += into.write(String(value).replaceAll('-', ''), start, 'hex');
  } else {
    if (type === 'jsonb') end = into.writeUInt8(1, start);
    end += typeof value === 'string' ? into.write(value, end) : value.copy(into, end);
  }
  into.writeInt32BE(end - start, at);
  return end;
}

/** Bytes that are sent at once. */
const CHUNK = 256 * 1024;

/** Gathers rows into chunks for the wire, each with the same count of columns and first fields before its own. */
export function* copyChunks(rows: Iterable<Uint8Array>, before: Uint8Array): Generator<Buffer> {
  let chunk = Buffer.allocUnsafe(CHUNK);
  let used = COPY_HEADER.copy(chunk);
  for (const row of rows) {
    const length = before.length + row.length;
    if (used + length > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used);
      chunk = Buffer.allocUnsafe(Math.max(CHUNK, length));
      used = 0;
    }
    chunk.set(before, used);
    chunk.set(row, used + before.length);
    used += length;
  }
  if (used > 0) yield chunk.subarray(0, used);
  yield COPY_TRAILER;
}
