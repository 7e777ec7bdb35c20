import type { ForeignKey, Index, Key } from '../../catalog/model/table.js';
import { text } from './objects.js';
import type { Row } from './session.js';

/** The primary key, the unique keys and all indexes of one table, from its rows of the indexes section. */
export function indexesFrom(rows: readonly Row[]): { primaryKey?: Key; uniqueKeys: Key[]; indexes: Index[] } {
  const uniqueKeys: Key[] = [];
  const indexes: Index[] = [];
  let primaryKey: Key | undefined;
  for (const [name, parts] of groupedBy(rows, 1)) {
    const [, , nonUnique, , , , method, comment, , hidden] = (parts[0] ?? []).map(text);
    const unique = Number(nonUnique) === 0;
    const columns = parts.map((part) => text(part[3])).filter((column) => column !== undefined);
    if (name === 'PRIMARY') primaryKey = { name, columns };
    // A key of expressions alone has no columns to be a key of; the index has it in full.
    else if (unique && columns.length > 0) uniqueKeys.push({ name, columns });
    indexes.push({
      name,
      unique,
      ...(method === undefined ? {} : { method }),
      columns: parts.map(partOf),
      ...(comment === undefined || comment === '' ? {} : { comment }),
      ...(Number(hidden) === 1 ? { attributes: ['INVISIBLE'] } : {}),
    });
  }
  return { ...(primaryKey === undefined ? {} : { primaryKey }), uniqueKeys, indexes };
}

/**
 * The foreign keys of one table. A reference into the same database leaves it unnamed.
 * `rules` are those of this table by constraint name; a key without any shows that the account may not see them.
 */
export function foreignKeysFrom(
  rows: readonly Row[],
  rules: ReadonlyMap<string, { onUpdate: string; onDelete: string }>,
  database: string,
): ForeignKey[] {
  return [...groupedBy(rows, 1)].map(([name, parts]) => {
    const [, , , schema, table] = (parts[0] ?? []).map(text);
    return {
      name,
      columns: parts.map((part) => text(part[2]) ?? ''),
      references: {
        ...(schema === undefined || schema === database ? {} : { database: schema }),
        table: table ?? '',
        columns: parts.map((part) => text(part[5]) ?? ''),
      },
      ...rules.get(name),
    };
  });
}

/** `name`, `name(10)` for a prefix, `(lower(name))` for an expression, and DESC where it descends. */
function partOf(row: Row): string {
  const [, , , column, prefix, collation, , , expression] = row.map(text);
  const what = column ?? `(${expression ?? ''})`;
  return `${what}${prefix === undefined ? '' : `(${prefix})`}${collation === 'D' ? ' DESC' : ''}`;
}

function groupedBy(rows: readonly Row[], place: number): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const name = text(row[place]) ?? '';
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}
