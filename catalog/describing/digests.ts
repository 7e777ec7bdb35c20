import { createHash } from 'node:crypto';
import type { TableToDescribe } from '../model/table-to-describe.js';

/**
 * What a suggestion depends on, object by object; the empty name is the table's own. While the digest stands a suggestion
 * holds, and what was rejected is not asked again; a column does not depend on the others of its table.
 */
export function digestsOf(table: TableToDescribe): Map<string, string> {
  const columns = table.columns.map(
    (column) => [column.name, digest([column.name, column.type, column.comment])] as const,
  );
  const { columns: _, ...rest } = table;
  const whole = digest([rest, columns.map(([, one]) => one)]);
  return new Map([['', whole], ...columns]);
}

/** Of anything that JSON can hold. */
export const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url');
