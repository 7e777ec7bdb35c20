import type { Partition } from '../../catalog/model/table.js';
import { quoteIdentifier } from './quote-identifier.js';
import type { ReadPartition } from './read-query.js';

/**
 * The partitions of a partitioned table in the order people read them: by name, the default one last, each followed by
 * its own. Rows and bytes are those of the leaves together, null where nothing is known of any.
 */
export function partitionsOf(
  rootKey: string,
  rows: readonly ReadPartition[],
): { partitions: Partition[]; rows: number | null; bytes: number | null } {
  const root = String(Number(rootKey));
  const children = new Map<string, ReadPartition[]>();
  for (const row of rows) {
    const siblings = children.get(String(row[1]));
    if (siblings === undefined) children.set(String(row[1]), [row]);
    else siblings.push(row);
  }
  const taken = new Set<string>();
  const partitions: Partition[] = [];
  const visit = (oid: string, parent: string | undefined) => {
    for (const row of (children.get(oid) ?? []).toSorted(byName)) {
      const name = nameOf(row, taken);
      taken.add(name);
      partitions.push(toPartition(row, name, partitions.length + 1, parent));
      visit(String(row[0]), name);
    }
  };
  visit(root, undefined);
  const leaves = rows.filter(([, , , , kind]) => kind !== 'p');
  const counted = leaves.filter(([, , , , , , count]) => count >= 0);
  return {
    partitions,
    rows: counted.length === 0 ? null : counted.reduce((sum, [, , , , , , count]) => sum + count, 0),
    bytes: leaves.length === 0 ? null : leaves.reduce((sum, [, , , , , , , bytes]) => sum + bytes, 0),
  };
}

/** Names are unique within a schema only, so one from elsewhere is written with its schema. */
function nameOf([, , schema, name]: ReadPartition, taken: ReadonlySet<string>): string {
  if (schema === null && !taken.has(name)) return name;
  return schema === null ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

function toPartition(
  [, , , , kind, bound, rows, bytes]: ReadPartition,
  name: string,
  ordinal: number,
  parent: string | undefined,
): Partition {
  return {
    name,
    ordinal,
    ...(bound === null ? {} : { bound }),
    ...(parent === undefined ? {} : { parent }),
    ...(kind !== 'p' && rows >= 0 ? { rows: Math.round(rows) } : {}),
    ...(kind === 'p' || kind === 'f' ? {} : { bytes }),
    ...(kind === 'f' ? { properties: { type: 'FOREIGN_TABLE' } } : {}),
  };
}

function byName(one: ReadPartition, other: ReadPartition): number {
  const isDefault = ([, , , , , bound]: ReadPartition) => (bound === 'DEFAULT' ? 1 : 0);
  const sortName = ([, , schema, name]: ReadPartition) => `${schema ?? ''}.${name}`;
  return isDefault(one) - isDefault(other) || (sortName(one) < sortName(other) ? -1 : 1);
}
