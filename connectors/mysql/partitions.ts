import type { Partition } from '../../catalog/model/table.js';
import { count, text } from './objects.js';
import type { Row } from './session.js';

interface PartitionRow {
  ordinal: number;
  subOrdinal: number;
  name: string;
  subName: string | undefined;
  bound: string | undefined;
  comment: string | undefined;
  rows: number | undefined;
  bytes: number | undefined;
}

/**
 * The partitions of one table, each followed by its sub-partitions, and how rows are spread over them. The server
 * lists the innermost level only: a partition with sub-partitions gets the sum of their rows and bytes.
 */
export function partitionsFrom(rows: readonly Row[]): { partitionedBy?: string; partitions: Partition[] } {
  const [first] = rows;
  if (first === undefined) return { partitions: [] };
  const partitions: Partition[] = [];
  const parents = new Map<string, Partition>();
  for (const row of rows) {
    const { ordinal, subOrdinal, name, subName, bound, comment, rows: estimate, bytes } = partitionOf(row);
    const figures = {
      ...(estimate === undefined ? {} : { rows: estimate }),
      ...(bytes === undefined ? {} : { bytes }),
    };
    const properties = comment === undefined || comment === '' ? {} : { properties: { comment } };
    const parent = parents.get(name);
    if (parent === undefined) {
      const partition = { name, ordinal, ...(bound === undefined ? {} : { bound }), ...figures, ...properties };
      parents.set(name, partition);
      partitions.push(partition);
    } else {
      if (estimate !== undefined) parent.rows = (parent.rows ?? 0) + estimate;
      if (bytes !== undefined) parent.bytes = (parent.bytes ?? 0) + bytes;
    }
    if (subName !== undefined) partitions.push({ name: subName, ordinal: subOrdinal, parent: name, ...figures });
  }
  return { partitionedBy: partitionedBy(first), partitions };
}

function partitionOf(row: Row): PartitionRow {
  const [, ordinal, subOrdinal, name, subName, method, , , , description, comment, rows, bytes] = row.map(text);
  return {
    ordinal: Number(ordinal),
    subOrdinal: Number(subOrdinal ?? 0),
    name: name ?? '',
    subName,
    bound: boundOf(method ?? '', description),
    comment,
    rows: count(rows),
    bytes: count(bytes),
  };
}

function boundOf(method: string, description: string | undefined): string | undefined {
  if (description === undefined) return undefined;
  if (method.startsWith('RANGE'))
    return description === 'MAXVALUE' ? 'VALUES LESS THAN MAXVALUE' : `VALUES LESS THAN (${description})`;
  // MariaDB describes a DEFAULT partition as `0`; only the table's own text would tell it from a list of zero.
  if (method.startsWith('LIST')) return `VALUES IN (${description})`;
  return description;
}

function partitionedBy(row: Row): string {
  const [, , , , , method, expression, subMethod, subExpression] = row.map(text);
  const by = `${method ?? ''} (${expression ?? ''})`;
  return subMethod === undefined ? by : `${by} SUBPARTITION BY ${subMethod} (${subExpression ?? ''})`;
}
