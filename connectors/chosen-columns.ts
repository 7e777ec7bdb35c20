import { ConnectorError, type PreviewRequest } from './contract.js';

/** A column as a source describes it before rows are read. */
export interface ReadableColumn {
  name: string;
  /** Whether the account may read it. */
  readable: boolean;
}

/**
 * Which columns of a table a preview reads. What was named must be there and readable; what was not is left out where the
 * account may not read it, and past `maxColumns`.
 * @param deny makes the refusal for columns that may not be read
 * @throws ConnectorError UNKNOWN_COLUMN; what `deny` makes
 */
export function chooseColumns<Column extends ReadableColumn>(
  { columns: wanted, maxColumns, table }: PreviewRequest,
  found: readonly Column[],
  deny: (columns: readonly string[]) => ConnectorError,
): { columns: Column[]; refused: string[]; more: number } {
  const refused = found.filter(({ readable }) => !readable).map(({ name }) => name);
  if (wanted === undefined) {
    const readable = found.filter((column) => column.readable);
    if (readable.length === 0 && found.length > 0) throw deny([]);
    return { columns: readable.slice(0, maxColumns), refused, more: Math.max(0, readable.length - maxColumns) };
  }
  const byName = new Map(found.map((column) => [column.name, column]));
  const unknown = wanted.filter((name) => !byName.has(name));
  if (unknown.length > 0)
    throw new ConnectorError(
      'UNKNOWN_COLUMN',
      `The table ${table} has no column ${unknown.map((name) => `“${name}”`).join(', ')} at the source now`,
      'Name columns as the source spells them, or none to see the first ones; refresh the table to see which it has',
    );
  const denied = wanted.filter((name) => refused.includes(name));
  if (denied.length > 0) throw deny(denied);
  return { columns: [...new Set(wanted)].flatMap((name) => byName.get(name) ?? []), refused: [], more: 0 };
}
