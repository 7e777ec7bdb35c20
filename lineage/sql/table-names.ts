import type { Dialect, NameDefaults, TableName } from './statement-lineage.js';
import { type Identifier, isIdentifier, isNode, type Node } from './syntax-tree.js';

/** A table of a statement: as it is written, for the parser's own answers, and as it is meant. */
export interface WrittenTable {
  /** The parts as written, joined by dots: what the parser calls the table. */
  written: string;
  parts: { catalog?: string; schema?: string; name: string };
  table: TableName;
}

/** Folds a name as the dialect does: what was quoted stays, and so does everything where names keep their case. */
export function fold({ name, quoted }: Identifier, dialect: Dialect): string {
  if (dialect === 'hive' || dialect === 'spark') return name.toLowerCase();
  if (quoted === true) return name;
  if (dialect === 'postgresql') return name.toLowerCase();
  if (dialect === 'oracle') return name.toUpperCase();
  return name;
}

/** The table that a `table` node of the parser names. Undefined for what is none. */
export function writtenTable(node: unknown, dialect: Dialect, defaults: NameDefaults = {}): WrittenTable | undefined {
  if (!isNode(node) || !isIdentifier(node.name) || node.name.name === '') return undefined;
  const name = node.name;
  const schema = isIdentifier(node.schema) ? node.schema : undefined;
  const catalog = isIdentifier(node.catalog) ? node.catalog : undefined;
  return {
    written: [catalog, schema, name].flatMap((part) => (part === undefined ? [] : [part.name])).join('.'),
    parts: {
      name: name.name,
      ...(schema === undefined ? {} : { schema: schema.name }),
      ...(catalog === undefined ? {} : { catalog: catalog.name }),
    },
    table: withDefaults(
      {
        name: fold(name, dialect),
        ...(schema === undefined ? {} : { schema: fold(schema, dialect) }),
        ...(catalog === undefined ? {} : { catalog: fold(catalog, dialect) }),
      },
      defaults,
    ),
  };
}

/** The name with the session's schema and database where it leaves them out. */
export function withDefaults(table: TableName, { catalog, schema }: NameDefaults): TableName {
  return {
    ...(catalog === undefined ? {} : { catalog }),
    ...(schema === undefined ? {} : { schema }),
    ...table,
  };
}

/** The same text for the same table. */
export function tableKey({ catalog, schema, name }: TableName): string {
  return JSON.stringify([catalog ?? null, schema ?? null, name]);
}

/**
 * Every table that the node reads, common table expressions left out where their names hold. A name that a `WITH` gives
 * hides a table within its statement, but not within its own body unless it is recursive.
 */
export function tablesRead(root: unknown, dialect: Dialect, defaults: NameDefaults = {}): WrittenTable[] {
  const found = new Map<string, WrittenTable>();
  walk(root, new Set());
  return [...found.values()];

  function walk(value: unknown, hidden: ReadonlySet<string>): void {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, hidden);
      return;
    }
    if (!isNode(value)) return;
    let names = hidden;
    if (isNode(value.with) && Array.isArray(value.with.ctes)) names = walkWith(value.with, hidden);
    for (const [key, child] of Object.entries(value)) {
      if (key === 'with' || child === null || typeof child !== 'object') continue;
      if (key === 'table') note(child, names);
      walk(child, names);
    }
  }

  function walkWith(clause: Node, hidden: ReadonlySet<string>): ReadonlySet<string> {
    const names = new Set(hidden);
    const expressions = (clause.ctes as unknown[]).filter(isNode);
    const nameOf = (expression: Node) =>
      isIdentifier(expression.alias) ? fold(expression.alias, dialect).toLowerCase() : undefined;
    const add = (expression: Node) => {
      const name = nameOf(expression);
      if (name !== undefined) names.add(name);
    };
    if (clause.recursive === true) expressions.forEach(add);
    for (const expression of expressions) {
      walk(expression.this, new Set(names));
      add(expression);
    }
    return names;
  }

  function note(child: unknown, hidden: ReadonlySet<string>): void {
    const written = writtenTable(child, dialect, defaults);
    if (written === undefined) return;
    const { schema, catalog } = written.parts;
    const bare = schema === undefined && catalog === undefined;
    if (bare && hidden.has(written.table.name.toLowerCase())) return;
    const key = tableKey(written.table);
    if (!found.has(key)) found.set(key, written);
  }
}
