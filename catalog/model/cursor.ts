import { Refusal } from '../../db/refusals.js';

/** A list was asked to go on from something that none of its answers gave out. */
export class InvalidCursor extends Refusal {
  readonly code = 'INVALID_CURSOR';

  constructor() {
    super('The cursor is not one that this list gave out', 'Start again without a cursor.');
  }
}

/** Where a list goes on: the sort key of the last row, opaque to who carries it. */
export function encodeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/**
 * The sort key a cursor holds, or undefined without a cursor.
 * @param shape a pattern for each part of the key
 * @throws InvalidCursor when it is not the cursor of such a list
 */
export function decodeCursor(cursor: string | undefined, shape: readonly RegExp[]): string[] | undefined {
  if (cursor === undefined) return undefined;
  const key = parse(cursor);
  const fits =
    Array.isArray(key) &&
    key.length === shape.length &&
    key.every((part, place) => typeof part === 'string' && !part.includes('\0') && shape[place]?.test(part));
  if (!fits) throw new InvalidCursor();
  return key as string[];
}

/** Positive decimal numbers that fit PostgreSQL's bigint. */
export const DECIMAL = /^\d{1,18}$/;
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const ANY_TEXT = /^[\s\S]*$/;

export interface Page<Item> {
  items: Item[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/** Makes a page of rows read with a limit one larger than the page, which tells whether there are more. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  key: (row: Row) => readonly string[],
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(item);
  return rows.length > limit && last !== undefined ? { items, nextCursor: encodeCursor(key(last)) } : { items };
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
