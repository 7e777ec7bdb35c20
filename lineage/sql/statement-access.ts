import { grammar } from './libpg-query.js';
import { namesOfWith } from './names-of-with.js';
import type { TableName } from './statement-lineage.js';
import { isNode, kindOf, type Node } from './syntax-tree.js';
import { tableKey } from './table-names.js';

/** What a statement does with tables, column by column aside. */
export interface StatementAccess {
  kind: 'select' | 'insert' | 'update' | 'delete' | 'merge' | 'create_table' | 'select_into' | 'copy' | 'other';
  /** Every table that is read, once; one that is only written into is not. */
  reads: TableName[];
  writes: TableName[];
}

const KINDS: Record<string, StatementAccess['kind']> = {
  SelectStmt: 'select',
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
  MergeStmt: 'merge',
  CreateTableAsStmt: 'create_table',
  CopyStmt: 'copy',
  DeclareCursorStmt: 'select',
};
const CHANGES = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/**
 * What one statement of PostgreSQL reads and writes, by its own grammar: names as they are written, folded, without the
 * session's defaults. A statement in a WITH that changes a table writes it. `other` for what is no query and no change.
 *
 * @throws GrammarNotReady
 * @throws Error where PostgreSQL would refuse the text too
 */
export function statementAccess(sql: string): StatementAccess {
  const { stmts } = grammar().parseSync(sql) as unknown as { stmts?: { stmt: unknown }[] };
  const found = kindOf(stmts?.[0]?.stmt);
  const kind = KINDS[found?.kind ?? ''];
  // A materialised view is on the map with its text.
  const isView = found?.fields.objtype === 'OBJECT_MATVIEW';
  if (found === undefined || kind === undefined || isView || stmts?.length !== 1)
    return { kind: 'other', reads: [], writes: [] };
  const reads = new Map<string, TableName>();
  const writes = new Map<string, TableName>();
  walk({ [found.kind]: found.fields }, new Set());
  return {
    kind: kind === 'select' && writes.size > 0 && isNode(found.fields.intoClause) ? 'select_into' : kind,
    reads: [...reads.values()],
    writes: [...writes.values()],
  };

  function walk(value: unknown, hidden: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, hidden);
      return;
    }
    if (!isNode(value)) return;
    for (const [key, child] of Object.entries(value)) {
      if (!isNode(child)) walk(child, hidden);
      else if (key === 'RangeVar') note(child, reads, hidden);
      else if (key === 'intoClause' || key === 'into') note(child.rel, writes, new Set());
      else if (CHANGES.has(key)) change(child, hidden);
      else if (key === 'CopyStmt') copy(child, hidden);
      else walkStatement(child, hidden);
    }
  }

  function walkStatement(fields: Node, hidden: ReadonlySet<string>): void {
    const { withClause, ...rest } = fields;
    walk(rest, isNode(withClause) ? namesOfWith(withClause, hidden, walk) : hidden);
  }

  /** The changed table is written; it is read too where its rows are returned, or it is named a second time. */
  function change({ relation, ...rest }: Node, hidden: ReadonlySet<string>): void {
    note(relation, writes, new Set());
    if (rest.returningClause !== undefined || rest.returningList !== undefined) note(relation, reads, new Set());
    walkStatement(rest, hidden);
  }

  function copy({ relation, is_from: into, ...rest }: Node, hidden: ReadonlySet<string>): void {
    note(relation, into === true ? writes : reads, new Set());
    walk(rest, hidden);
  }
}

function note(node: unknown, into: Map<string, TableName>, hidden: ReadonlySet<string>): void {
  if (!isNode(node) || typeof node.relname !== 'string') return;
  const { relname: name, schemaname: schema, catalogname: catalog } = node;
  if (schema === undefined && hidden.has(name)) return;
  const table: TableName = {
    ...(typeof catalog === 'string' ? { catalog } : {}),
    ...(typeof schema === 'string' ? { schema } : {}),
    name,
  };
  into.set(tableKey(table), table);
}
