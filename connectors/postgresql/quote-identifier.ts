/** A name as it must be written in SQL, always quoted, so that a GRANT in a remedy can be pasted as it is. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
