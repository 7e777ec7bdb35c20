import { createHash } from 'node:crypto';
import { InvalidCursor } from '../catalog/model/cursor.js';
import type { SearchRequest } from './port.js';

/** What a cursor belongs to: pages of another text or other filters do not follow on each other. */
type Searched = Pick<SearchRequest, 'text' | 'filters' | 'within'>;

/** A place in the results as an opaque word for URLs. */
export function encodeCursor(searched: Searched, place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([seal(searched), ...place])).toString('base64url');
}

/**
 * The place that a cursor names.
 * @param shape what the place must look like, e.g. `['number', 'string']`
 * @throws InvalidCursor when it is damaged, of another kind, or of another search
 */
export function decodeCursor(
  searched: Searched,
  cursor: string,
  shape: readonly ('number' | 'string')[],
): (string | number)[] {
  let place: unknown;
  try {
    place = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new InvalidCursor();
  }
  if (!Array.isArray(place) || place.shift() !== seal(searched) || place.length !== shape.length)
    throw new InvalidCursor();
  const fits = (value: unknown, at: number) =>
    typeof value === shape[at] && (typeof value === 'string' || Number.isSafeInteger(value));
  if (!place.every(fits)) throw new InvalidCursor();
  // A NUL would fail in the database only, as an error of ours.
  if (place.some((value) => typeof value === 'string' && value.includes('\0'))) throw new InvalidCursor();
  return place;
}

function seal({ text, filters, within }: Searched): string {
  const sorted = Object.entries(filters).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([text, sorted, within]))
    .digest('base64url')
    .slice(0, 12);
}
