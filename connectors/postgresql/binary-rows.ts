import type { Duplex } from 'node:stream';
import pg from 'pg';

/** Bytes before a message's body: what it is, and its length with these four. */
const HEAD = 5;
const DATA_ROW = 0x44;

/**
 * Runs a statement whose rows are asked for in binary, and shows each as the bytes that the server sent: the body of a
 * DataRow message (https://www.postgresql.org/docs/current/protocol-message-formats.html), for `FieldReader`. They are part of
 * a larger buffer, which they keep in memory as long as somebody keeps them. The driver would make a string of every field,
 * which for a page of a thousand tables is most of what the worker does.
 *
 * Settles when the statement has ended, with what `each` threw, after which it was shown no more: the rest of the rows
 * still has to be taken off the wire.
 */
export function binaryRows(
  client: pg.Client,
  text: string,
  values: unknown[],
  each: (row: Buffer) => void,
): Promise<{ cause: unknown } | undefined> {
  return new Promise((resolve, reject) => {
    let refused: { cause: unknown } | undefined;
    let untap: (() => void) | undefined;
    const query = new pg.Query({ text, values, binary: true } as pg.QueryConfig);
    const submit = query.submit.bind(query);
    // The driver submits a statement when nothing of an earlier one is on its way any more.
    query.submit = (connection) => {
      untap = tap((connection as unknown as { stream: Duplex }).stream, (row) => {
        if (refused !== undefined) return;
        try {
          each(row);
        } catch (cause) {
          refused = { cause };
        }
      });
      return submit(connection);
    };
    query.on('end', () => {
      untap?.();
      resolve(refused);
    });
    query.on('error', (error) => {
      untap?.();
      reject(error);
    });
    client.query(query);
  });
}

/**
 * Takes the rows out of what the server sends, and leaves all other messages to the driver, until it is called off. The
 * stream of a connection is an internal of the driver that its own libraries for COPY rely on as well.
 */
function tap(stream: Duplex, show: (row: Buffer) => void): () => void {
  const driver = stream.listeners('data') as ((messages: Buffer) => void)[];
  let rest: Buffer | undefined;
  let off = false;
  const pass = (messages: Buffer) => {
    for (const listener of driver) listener.call(stream, messages);
  };
  const onData = (chunk: Buffer) => {
    const data = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    rest = undefined;
    let at = 0;
    while (data.length - at >= HEAD) {
      const end = at + 1 + data.readUInt32BE(at + 1);
      if (end > data.length) break;
      if (data[at] === DATA_ROW) show(data.subarray(at + HEAD, end));
      else pass(data.subarray(at, end));
      at = end;
    }
    if (at === data.length) return;
    // One of these messages may have ended the statement.
    if (off) pass(data.subarray(at));
    else rest = data.subarray(at);
  };
  stream.removeAllListeners('data');
  stream.on('data', onData);
  return () => {
    if (off) return;
    off = true;
    stream.removeListener('data', onData);
    for (const listener of driver) stream.on('data', listener);
    if (rest !== undefined) pass(rest);
  };
}

/** Reads the fields of a row in their order, each as what its type is in binary. */
export class FieldReader {
  readonly #row: Buffer;
  #at = 2;

  constructor(row: Buffer) {
    this.#row = row;
  }

  /** Text, or JSON as text. What is no UTF-8 in it, from a database that knows no encoding, is replaced. */
  text(): string | null {
    const length = this.#length();
    if (length < 0) return null;
    this.#at += length;
    return this.#row.toString('utf8', this.#at - length, this.#at);
  }

  /** The same as bytes, which are part of the row. */
  bytes(): Buffer | null {
    const length = this.#length();
    if (length < 0) return null;
    this.#at += length;
    return this.#row.subarray(this.#at - length, this.#at);
  }

  /** `integer`. */
  int(): number | null {
    if (this.#length() < 0) return null;
    this.#at += 4;
    return this.#row.readInt32BE(this.#at - 4);
  }

  /** `double precision`. */
  double(): number | null {
    if (this.#length() < 0) return null;
    this.#at += 8;
    return this.#row.readDoubleBE(this.#at - 8);
  }

  #length(): number {
    this.#at += 4;
    return this.#row.readInt32BE(this.#at - 4);
  }
}
