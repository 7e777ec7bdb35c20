import { mentionedColumns } from './mentioned-columns.js';
import { analyse, type KnownTable, NotRead, type QueryAnalysis } from './polyglot.js';
import type { ColumnLineage, ColumnName, ColumnsOf, Dialect, IndirectUse } from './statement-lineage.js';
import { fold, type WrittenTable } from './table-names.js';

/** More outputs than this take the parser seconds. */
const MOST_OUTPUTS = 2_000;

export interface QueryColumns {
  columns: ColumnLineage[];
  indirect: IndirectUse[];
  columnLevel: 'complete' | 'partial' | 'none';
  reason?: string;
}

/**
 * What each output of a query is made of.
 * @param tables what the query reads
 * @param targets names of the outputs by place; those beyond have the query's own names
 */
export function queryColumns(
  sql: string,
  dialect: Dialect,
  tables: readonly WrittenTable[],
  columnsOf: ColumnsOf,
  targets: readonly string[],
): QueryColumns {
  let analysis: QueryAnalysis;
  try {
    analysis = analyse(sql, dialect, known(tables, columnsOf, mentionedColumns(sql)));
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    return { columns: [], indirect: [], columnLevel: 'none', reason: `columns not resolved: ${error.message}` };
  }
  if (analysis.projections.length > MOST_OUTPUTS) {
    return { columns: [], indirect: [], columnLevel: 'none', reason: `more than ${MOST_OUTPUTS} output columns` };
  }
  const byWritten = new Map(tables.map((table) => [table.written, table]));
  const lost: string[] = [];
  const source = (reference: { table?: string | null; sourceName?: string | null; column?: string | null }) =>
    nameOf(reference, byWritten, dialect, columnsOf);
  const columns = analysis.projections.flatMap((projection, place): ColumnLineage[] => {
    if (projection.isStar) {
      lost.push('* over a table whose columns are not known');
      return [];
    }
    const column = targets[place] ?? projection.name;
    if (column === undefined || column === null) {
      lost.push(`output ${place + 1} has no name`);
      return [];
    }
    const sources = (projection.upstream ?? []).flatMap((reference) => source(reference) ?? miss(reference));
    return [{ column, sources: distinct(sources), transformation: projection.transformKind }];
  });
  const indirect = (analysis.columnUses ?? []).flatMap(({ context, references }) =>
    references.flatMap((reference): IndirectUse[] => {
      const found = source(reference);
      return found === undefined ? [] : [{ ...found, use: useOf(context) }];
    }),
  );
  return {
    columns,
    indirect: distinct(indirect),
    columnLevel: lost.length === 0 ? 'complete' : 'partial',
    ...(lost.length === 0 ? {} : { reason: [...new Set(lost)].slice(0, 5).join('; ') }),
  };

  function miss({ column, sourceKind }: { column?: string | null; sourceKind?: string }): ColumnName[] {
    // A column of a VALUES list or of a function comes from no table, and is not lost.
    if (sourceKind === 'unknown' || sourceKind === 'table') lost.push(`column ${column} is of no known table`);
    return [];
  }
}

function known(
  tables: readonly WrittenTable[],
  columnsOf: ColumnsOf,
  mentioned: (columns: readonly string[]) => readonly string[],
): KnownTable[] {
  return tables.flatMap(({ parts, table }) => {
    const columns = columnsOf(table);
    if (columns === undefined || columns.length === 0) return [];
    return [
      {
        name: parts.name,
        ...(parts.schema === undefined ? {} : { schema: parts.schema }),
        columns: mentioned(columns).map((name) => ({ name, type: 'text' })),
      },
    ];
  });
}

function nameOf(
  reference: { table?: string | null; sourceName?: string | null; column?: string | null },
  byWritten: ReadonlyMap<string, WrittenTable>,
  dialect: Dialect,
  columnsOf: ColumnsOf,
): ColumnName | undefined {
  const written = byWritten.get(reference.table ?? '') ?? byWritten.get(reference.sourceName ?? '');
  const { column } = reference;
  if (written === undefined || column === undefined || column === null || column === '*') return undefined;
  const columns = columnsOf(written.table);
  // The parser does not say whether a column was quoted: the table's own spelling decides where it is known.
  const spelled = columns?.includes(column)
    ? column
    : (columns?.find((name) => name.toLowerCase() === column.toLowerCase()) ??
      (columns === undefined ? fold({ name: column }, dialect) : undefined));
  return spelled === undefined ? undefined : { table: written.table, column: spelled };
}

function useOf(context: string): IndirectUse['use'] {
  if (context === 'filter' || context === 'having' || context === 'qualify') return 'filter';
  if (context === 'join' || context === 'window') return context;
  if (context.startsWith('group')) return 'group';
  return context.startsWith('order') ? 'order' : 'other';
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
