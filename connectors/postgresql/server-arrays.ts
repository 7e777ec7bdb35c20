/** The elements of PostgreSQL's text of an array of numbers, `{1,2,3}`. */
export function numbersOf(array: string | null): string[] {
  return array === null ? [] : array.slice(1, -1).split(',');
}

/** What PostgreSQL's `json_agg` has between strings. */
const BETWEEN = '", "';

/**
 * The strings of the text of `json_agg`, `["a", "b"]`, each as JSON writes it but without its quotes: what goes into another
 * JSON text need not be read and written. Without a backslash there is no quote within a string.
 */
export function stringsOf(json: string | null): string[] {
  if (json === null) return [];
  if (!json.includes('\\')) return json.slice(2, -2).split(BETWEEN);
  return (JSON.parse(json) as string[]).map((text) => JSON.stringify(text).slice(1, -1));
}

/** The string that one of `stringsOf` stands for. */
export const stringOf = (inner: string): string =>
  inner.includes('\\') ? (JSON.parse(`"${inner}"`) as string) : inner;
