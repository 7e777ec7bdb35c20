import type { SourceTable } from './table.js';

/** A table as the map keeps it, with as much of its partitions as is to be written. */
export interface DescribedTable extends Pick<SourceTable, 'schema' | 'name' | 'type' | 'structure' | 'partitions'> {
  owner: string | null;
  comment: string | null;
  /** Partitions that are not among `partitions`: how many, or `all` of a version, which keeps none. */
  partitionsLeftOut: number | 'all';
  /** What is not in `structure` since it names what the reader may not see. */
  restricted?: { foreignKeys: string[]; viewDefinition: boolean };
}

/** The statements that make a table anew, in the dialect of its source. */
export interface Ddl {
  /** What the statements leave out and why, and what they need; a sentence each. */
  notes: string[];
  /** In the order in which they run, without semicolons. */
  statements: string[];
  /** Run when the tables that they name are there. */
  foreignKeys: string[];
}

/** One text: notes as comment lines, then the statements. Ends with a line break. */
export function ddlText({ notes, statements, foreignKeys }: Ddl): string {
  const comments = notes.map((note) => `-- ${note.replaceAll(/[\r\n]+/g, ' ')}\n`).join('');
  return `${comments}${comments === '' ? '' : '\n'}${[...statements, ...foreignKeys].map((one) => `${one};\n`).join('\n')}`;
}

/** The notes on what names something that the reader may not see. */
export function restrictedNotes({ restricted }: DescribedTable): string[] {
  if (restricted === undefined) return [];
  return [
    ...(restricted.viewDefinition ? ['The text of the view is left out: it names something restricted.'] : []),
    ...restricted.foreignKeys.map((name) => `The foreign key ${name} is left out: it refers to something restricted.`),
  ];
}

/** The note on partitions that are not written; none where all are. */
export function partitionNotes({ type, partitionsLeftOut }: DescribedTable): string[] {
  if (partitionsLeftOut === 'all')
    return type === 'PARTITIONED_TABLE'
      ? ['Partitions are left out: versions keep how a table is partitioned, not its partitions.']
      : [];
  return partitionsLeftOut === 0
    ? []
    : [`${partitionsLeftOut} more partitions are left out; the list of partitions has them.`];
}
