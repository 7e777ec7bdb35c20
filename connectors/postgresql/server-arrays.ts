/** The elements of PostgreSQL's text of an array of numbers, `{1,2,3}`. */
export function numbersOf(array: string | null): string[] {
  return array === null ? [] : array.slice(1, -1).split(',');
}
