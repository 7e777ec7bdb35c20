import { parse } from './polyglot.js';
import type { Dialect, NameDefaults } from './statement-lineage.js';
import { isIdentifier, isNode, kindOf, type Node, nodes } from './syntax-tree.js';
import { fold, tablesRead, type WrittenTable, writtenTable } from './table-names.js';

/**
 * A statement as a query whose outputs are columns of the table it writes, which is the only form whose columns the
 * parser resolves rightly.
 */
export interface Rewritten {
  kind: string;
  target: WrittenTable;
  /** Names of the outputs by place, as far as the statement gives them. */
  targetColumns: string[];
  /** Undefined where nothing is read, as by `INSERT .. VALUES`. */
  query: Node | undefined;
  /** Why columns are missing although the query reads them. */
  lost?: string;
}

/** Statements that move no data between tables, by the parser's words. */
const WITHOUT_LINEAGE = new Set(
  [
    'alter_table alter_view alter_index alter_session analyze cache comment commit create_database create_function',
    'create_index create_role create_schema create_sequence create_trigger create_type describe drop_database',
    'drop_function drop_index drop_schema drop_sequence drop_table drop_trigger drop_type drop_view explain grant',
    'kill pragma refresh revoke rollback set set_statement show transaction truncate truncate_table uncache use',
  ]
    .join(' ')
    .split(' '),
);

/** @returns `nothing` for what has no lineage, undefined for what is not understood */
export function rewrite(statement: Node, dialect: Dialect, defaults: NameDefaults): Rewritten | 'nothing' | undefined {
  const found = kindOf(statement);
  if (found === undefined) return undefined;
  const { kind, fields } = found;
  if (WITHOUT_LINEAGE.has(kind)) return 'nothing';
  const written = (node: unknown) => writtenTable(node, dialect, defaults);
  if (kind === 'insert') {
    const target = written(fields.table);
    if (target === undefined) return undefined;
    return { kind, target, targetColumns: insertColumns(fields, dialect), query: withClauseOf(fields, fields.query) };
  }
  if (kind === 'create_table' || kind === 'create_view') {
    const query = fields.as_select ?? fields.query;
    if (!isNode(query)) return kind === 'create_table' ? 'nothing' : undefined;
    const target = written(fields.to_table) ?? written(fields.name);
    if (target === undefined) return undefined;
    return { kind, target, targetColumns: declaredColumns(fields, dialect), query: withClauseOf(fields, query) };
  }
  if (kind === 'select') return selectInto(fields, statement, written);
  if (kind === 'union' || kind === 'intersect' || kind === 'except' || kind === 'values') return 'nothing';
  if (kind === 'update') return update(fields, dialect, defaults);
  if (kind === 'delete') return deletion(fields, written);
  if (kind === 'merge') return merge(fields, dialect, defaults);
  return undefined;
}

function insertColumns(fields: Node, dialect: Dialect): string[] {
  return nodes(fields.columns)
    .filter(isIdentifier)
    .map((column) => fold(column, dialect));
}

function declaredColumns(fields: Node, dialect: Dialect): string[] {
  const schema = isNode(fields.schema) ? nodes(fields.schema.expressions).map((item) => item.column_def) : [];
  const declared = nodes(fields.columns).length > 0 ? nodes(fields.columns) : schema.filter(isNode);
  return declared.flatMap(({ name }) => (isIdentifier(name) ? [fold(name, dialect)] : []));
}

/** `WITH .. INSERT ..` puts the expressions before the statement: the query must know them. */
function withClauseOf(fields: Node, query: unknown): Node | undefined {
  const found = kindOf(query);
  if (found === undefined || !isNode(query)) return undefined;
  if (!isNode(fields.with) || isNode(found.fields.with)) return query;
  return { [found.kind]: { ...found.fields, with: fields.with } };
}

function selectInto(
  fields: Node,
  statement: Node,
  written: (node: unknown) => WrittenTable | undefined,
): Rewritten | 'nothing' | undefined {
  if (!isNode(fields.into)) return 'nothing';
  const into = isNode(fields.into.this) ? (fields.into.this.table ?? fields.into.this) : undefined;
  const target = written(into);
  if (target === undefined) return undefined;
  return { kind: 'select_into', target, targetColumns: [], query: { ...statement, select: { ...fields, into: null } } };
}

function update(fields: Node, dialect: Dialect, defaults: NameDefaults): Rewritten | undefined {
  const named = writtenTable(fields.table, dialect, defaults);
  if (named === undefined) return undefined;
  const from = [
    ...(isNode(fields.from_clause) ? nodes(fields.from_clause.expressions) : []),
    ...nodes(fields.extra_tables).map((table) => ({ table })),
  ];
  const joins = [...nodes(fields.table_joins), ...nodes(fields.from_joins)];
  // T-SQL names the alias that FROM gives the table.
  const aliased = [...from, ...joins.map(({ this: joined }) => joined)].find(
    (node) => named.parts.schema === undefined && aliasOf(node)?.toLowerCase() === named.parts.name.toLowerCase(),
  );
  const target = isNode(aliased) ? writtenTable(aliased.table, dialect, defaults) : named;
  if (target === undefined) return undefined;
  const set = (Array.isArray(fields.set) ? fields.set : []).filter(Array.isArray) as unknown[][];
  const assigned = set.flatMap(([column, value]) => (isIdentifier(column) ? [{ column, value }] : []));
  const names = assigned.map(({ column }) => fold({ ...column, name: column.name.split('.').at(-1) ?? '' }, dialect));
  const tables = aliased === undefined ? [{ table: fields.table }, ...from] : from;
  return {
    kind: 'update',
    target,
    targetColumns: names,
    query: selectOf(
      assigned.map(({ value }) => value),
      tables,
      { joins, where_clause: fields.where_clause, with: fields.with },
    ),
  };
}

function deletion(fields: Node, written: (node: unknown) => WrittenTable | undefined): Rewritten | undefined {
  const target = written(fields.table);
  if (target === undefined) return undefined;
  const using = nodes(fields.using).map((node) => ('table' in node ? node : { table: node }));
  const query = selectOf([{ literal: { literal_type: 'number', value: '1' } }], [{ table: fields.table }, ...using], {
    joins: nodes(fields.joins),
    where_clause: fields.where_clause,
    with: fields.with,
  });
  // What the constant would be written to is nothing.
  return { kind: 'delete', target, targetColumns: [], query };
}

function merge(fields: Node, dialect: Dialect, defaults: NameDefaults): Rewritten | undefined {
  const target = writtenTable(unaliased(fields.this), dialect, defaults);
  if (target === undefined || !isNode(fields.using) || !isNode(fields.this)) return undefined;
  const outer = isNode(fields.whens) ? fields.whens : {};
  const whens = nodes(isNode(outer.whens) ? outer.whens.expressions : outer.expressions);
  const assigned: { name: string; value: Node }[] = [];
  let lost: string | undefined;
  for (const when of whens) {
    const then = isNode(when.when) ? when.when.then : when.then;
    const tuple = isNode(then) && isNode(then.tuple) ? nodes(then.tuple.expressions) : [];
    const verb = nameIn(tuple[0])?.toUpperCase();
    const first = tupleOf(tuple[1]);
    if (verb === 'UPDATE') {
      for (const { eq } of first) {
        const name = isNode(eq) ? nameIn(eq.left) : undefined;
        if (name !== undefined && isNode(eq) && isNode(eq.right)) assigned.push({ name, value: eq.right });
      }
    } else if (verb === 'INSERT') {
      const values = tupleOf(tuple[2]);
      first.forEach((column, place) => {
        const name = nameIn(column);
        const value = values[place];
        if (name !== undefined && value !== undefined) assigned.push({ name, value });
      });
    }
    if ((verb === 'UPDATE' || verb === 'INSERT') && first.length === 0) lost = `${verb} without a list of columns`;
  }
  return {
    kind: 'merge',
    target,
    targetColumns: assigned.map(({ name }) => fold({ name }, dialect)),
    query: selectOf(
      assigned.map(({ value }) => value),
      [fields.this, fields.using],
      { where_clause: isNode(fields.on) ? { this: fields.on } : null, with: fields.with },
    ),
    ...(lost === undefined ? {} : { lost }),
  };
}

/** A query of these outputs, each with a name of its own, so that none is taken for another. */
function selectOf(outputs: readonly unknown[], tables: readonly unknown[], rest: Node): Node {
  const { select, alias } = emptySelect();
  const expressions = outputs.map((value, place) => ({
    alias: { ...alias, this: value, alias: { name: `c${place}`, quoted: false, trailing_comments: [] } },
  }));
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined && value !== null));
  return { select: { ...select, ...given, expressions, from: { expressions: tables } } };
}

/** The fields of a SELECT and of an alias as the parser makes them: it writes no tree that lacks one. */
function emptySelect(): { select: Node; alias: Node } {
  const select = kindOf(parse('SELECT 1 AS c', 'generic')[0])?.fields ?? {};
  return { select, alias: kindOf(nodes(select.expressions)[0])?.fields ?? {} };
}

function unaliased(node: unknown): unknown {
  if (!isNode(node)) return undefined;
  if (isNode(node.alias)) return unaliased(node.alias.this);
  return node.table;
}

function aliasOf(node: unknown): string | undefined {
  const found = kindOf(node);
  return found !== undefined && isIdentifier(found.fields.alias) ? found.fields.alias.name : undefined;
}

function tupleOf(node: Node | undefined): Node[] {
  return isNode(node?.tuple) ? nodes(node.tuple.expressions) : [];
}

function nameIn(node: unknown): string | undefined {
  const found = kindOf(node);
  if (found === undefined) return undefined;
  const { this: word, name } = found.fields;
  if (typeof word === 'string') return word;
  if (typeof name === 'string') return name;
  return isIdentifier(name) ? name.name : undefined;
}

/** What the query reads. Of a statement that changes a table in place, all but that table. */
export function readBy({ kind, target, query }: Rewritten, dialect: Dialect, defaults: NameDefaults): WrittenTable[] {
  const read = tablesRead(query, dialect, defaults);
  const inPlace = kind === 'update' || kind === 'merge' || kind === 'delete';
  const same = JSON.stringify(target.table);
  return inPlace ? read.filter(({ table, written }) => JSON.stringify(table) !== same && written !== '') : read;
}
