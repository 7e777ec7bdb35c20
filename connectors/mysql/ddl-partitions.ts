import type { DescribedTable } from '../../catalog/model/ddl.js';
import type { Partition } from '../../catalog/model/table.js';
import { literal, sqlName } from './ddl-names.js';

/**
 * The PARTITION BY clause with all partitions. With a part of them left out it would make another table, so that it
 * stands in a comment then, as it does where the catalogue does not say enough.
 */
export function partitionClause(table: DescribedTable): { clause: string; notes: string[] } {
  const { partitionedBy } = table.structure;
  if (partitionedBy === undefined) return { clause: '', notes: [] };
  const by = `PARTITION BY ${partitionedBy}`;
  if (table.partitionsLeftOut !== 0 || table.partitions.length === 0)
    return { clause: '', notes: [`Partitioned by ${partitionedBy}; left out, since its partitions are.`] };
  if (partitionedBy.startsWith('SYSTEM_TIME'))
    return { clause: '', notes: ['Partitioned by SYSTEM_TIME; left out, since its intervals are not collected.'] };
  const innerOf = new Map<string, Partition[]>();
  for (const partition of table.partitions)
    if (partition.parent !== undefined)
      innerOf.set(partition.parent, [...(innerOf.get(partition.parent) ?? []), partition]);
  const outer = table.partitions.filter(({ parent }) => parent === undefined);
  const clauses = outer.map((partition) => {
    const inner = innerOf.get(partition.name) ?? [];
    const within =
      inner.length === 0 ? '' : ` (${inner.map(({ name }) => `SUBPARTITION ${sqlName(name)}`).join(', ')})`;
    return `PARTITION ${sqlName(partition.name)}${settings(partition)}${within}`;
  });
  return {
    clause: `\n${by} (\n    ${clauses.join(',\n    ')}\n)`,
    notes: partitionedBy.startsWith('LIST')
      ? ['MariaDB shows a DEFAULT partition as one of the value 0, so it is written so.']
      : [],
  };
}

function settings({ bound, properties }: Partition): string {
  const comment = properties?.comment;
  return `${bound === undefined ? '' : ` ${bound}`}${comment === undefined ? '' : ` COMMENT = ${literal(comment)}`}`;
}
