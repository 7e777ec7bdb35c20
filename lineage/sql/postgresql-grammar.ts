import { grammar } from './libpg-query.js';
import { namesOfWith } from './names-of-with.js';
import type { NameDefaults, TableName } from './statement-lineage.js';
import { isNode, kindOf } from './syntax-tree.js';
import { tableKey, withDefaults } from './table-names.js';

export interface GrammarStatement {
  kind: string;
  /** Undefined for a bare query. */
  target: TableName | undefined;
  sources: TableName[];
}

const WRITES: Record<string, string> = {
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
  MergeStmt: 'merge',
  CreateTableAsStmt: 'create_table',
  ViewStmt: 'create_view',
  SelectStmt: 'query',
};

/** Statements that move no rows from table to table, by the names of the grammar's nodes (PostgreSQL, `parsenodes.h`). */
const WITHOUT_LINEAGE =
  /^((Alter|Create(?!TableAs)|Define|Drop|Grant|Comment|Index|Variable|Transaction|Vacuum|Truncate|Refresh|Lock|Reassign|Rename|View|Rule|Sec|Notify|Listen|Unlisten|Discard|Cluster|Reindex|CheckPoint|Load|Composite|Constraints|Close|Deallocate|Declare|Fetch|Import|Explain)\w*)$/;

/**
 * Reads statements with PostgreSQL's own grammar, at table level. Those that move no rows are left out; of those whose kind
 * is not known here (`COPY`, `EXECUTE`, `CALL`, `DO` may move any) the kinds are told.
 * @throws GrammarNotReady
 * @throws Error where PostgreSQL would refuse the text too
 */
export function readByGrammar(sql: string, defaults: NameDefaults): { read: GrammarStatement[]; unknown: string[] } {
  const { stmts } = grammar().parseSync(sql) as unknown as { stmts?: { stmt: unknown }[] };
  const unknown: string[] = [];
  const read = (stmts ?? []).flatMap(({ stmt }): GrammarStatement[] => {
    const found = kindOf(stmt);
    const kind = found === undefined ? undefined : WRITES[found.kind];
    if (found === undefined || kind === undefined) {
      const name = found?.kind ?? 'no statement';
      if (!WITHOUT_LINEAGE.test(name)) unknown.push(name);
      return [];
    }
    const { relation, view, into, intoClause, ...read } = found.fields;
    const written = relation ?? view ?? (isNode(into) ? into.rel : isNode(intoClause) ? intoClause.rel : undefined);
    const target = rangeVar(written, defaults);
    return [{ kind: kind === 'query' && target ? 'select_into' : kind, target, sources: relations(read, defaults) }];
  });
  return { read, unknown };
}

function rangeVar(node: unknown, defaults: NameDefaults): TableName | undefined {
  if (!isNode(node) || typeof node.relname !== 'string') return undefined;
  const part = (key: string, value: unknown) => (typeof value === 'string' ? { [key]: value } : {});
  return withDefaults(
    { name: node.relname, ...part('schema', node.schemaname), ...part('catalog', node.catalogname) },
    defaults,
  );
}

function relations(root: unknown, defaults: NameDefaults): TableName[] {
  const found = new Map<string, TableName>();
  walk(root, new Set());
  return [...found.values()];

  function walk(value: unknown, hidden: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, hidden);
      return;
    }
    if (!isNode(value)) return;
    const names = isNode(value.withClause) ? namesOfWith(value.withClause, hidden, walk) : hidden;
    for (const [key, child] of Object.entries(value)) {
      if (key === 'withClause') continue;
      if (key === 'RangeVar' && isNode(child)) {
        const bare = child.schemaname === undefined && names.has(String(child.relname));
        const table = bare ? undefined : rangeVar(child, defaults);
        if (table !== undefined) found.set(tableKey(table), table);
      } else walk(child, names);
    }
  }
}
