import type { Extraction, TableName } from '../sql/statement-lineage.js';
import { tableKey } from '../sql/table-names.js';
import type { FoundColumn } from '../store/record-edges.js';

/** What a view reads of one table. */
export interface ViewSource {
  table: TableName;
  /** False where the table only decides which rows there are. */
  direct: boolean;
  columns: FoundColumn[];
}

/** The tables that a view's text reads, once each, with what comes from them. */
export function sourcesOf({ statements }: Extraction): ViewSource[] {
  const found = new Map<string, ViewSource>();
  for (const { sources, columns, indirect, columnLevel } of statements) {
    for (const table of sources) {
      const key = tableKey(table);
      const of = columns.flatMap(({ column, sources: from, transformation }) =>
        from
          .filter((source) => tableKey(source.table) === key)
          .map((source): FoundColumn => ({ upstream: source.column, downstream: column, transformation })),
      );
      const uses = indirect
        .filter((use) => tableKey(use.table) === key)
        .map((use): FoundColumn => ({ upstream: use.column, downstream: '', transformation: use.use }));
      const before = found.get(key);
      found.set(key, {
        table,
        // Where the columns are not all known, the table may well be in one that is not.
        direct: before?.direct === true || of.length > 0 || columnLevel !== 'complete',
        columns: [...(before?.columns ?? []), ...of, ...uses],
      });
    }
  }
  return [...found.values()];
}
