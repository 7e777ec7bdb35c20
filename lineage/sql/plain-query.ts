import { isIdentifier, isNode, type Node, nodes } from './syntax-tree.js';
import type { WrittenTable } from './table-names.js';

/**
 * The query in the forms whose columns the parser resolves: joins in parentheses made plain, since it finds no tables in
 * them, and `schema.table.column` made `table.column`, which it takes for a field of a column. MySQL prints its views
 * with both. Returns the same node where there is nothing to change.
 */
export function plainQuery(query: Node, tables: readonly WrittenTable[]): Node {
  const qualified = new Map(
    tables.map(({ parts: { schema = '', name } }) => {
      const namesakes = new Set(tables.filter(({ parts }) => parts.name === name).map(({ parts }) => parts.schema));
      // Of two schemas' tables of one name, the bare name would be either: each gets an alias that tells them apart.
      return [`${schema}.${name}`, namesakes.size > 1 ? `${schema}__${name}` : name];
    }),
  );
  return plain(query) as Node;

  function plain(value: unknown): unknown {
    if (Array.isArray(value)) {
      const items = value.map(plain);
      return items.some((item, place) => item !== value[place]) ? items : value;
    }
    if (!isNode(value)) return value;
    const column = isNode(value.dot) ? columnOfTable(value.dot, qualified) : undefined;
    if (column !== undefined) return column;
    const aliased = isNode(value.table) ? namesake(value.table, qualified) : undefined;
    if (aliased !== undefined) return { ...(plain({ ...value, table: null }) as Node), table: aliased };
    let changed = false;
    const copy: Node = {};
    for (const [key, child] of Object.entries(value)) {
      copy[key] = child !== null && typeof child === 'object' ? plain(child) : child;
      changed ||= copy[key] !== child;
    }
    const flat = flatFrom(changed ? copy : value);
    return flat ?? (changed ? copy : value);
  }
}

function columnOfTable({ this: left, field }: Node, qualified: ReadonlyMap<string, string>): Node | undefined {
  const column = isNode(left) && isNode(left.column) ? left.column : undefined;
  if (column === undefined || !isIdentifier(column.table) || !isIdentifier(column.name) || !isIdentifier(field)) {
    return undefined;
  }
  const name = qualified.get(`${column.table.name}.${column.name.name}`);
  if (name === undefined) return undefined;
  const table = name === column.name.name ? column.name : { ...column.name, name };
  return { column: { ...column, name: field, table } };
}

/** The table under its alias, where it shares its name with another schema's and has no alias of its own. */
function namesake(table: Node, qualified: ReadonlyMap<string, string>): Node | undefined {
  if (!isIdentifier(table.name) || !isIdentifier(table.schema) || isIdentifier(table.alias)) return undefined;
  const name = qualified.get(`${table.schema.name}.${table.name.name}`);
  return name === undefined || name === table.name.name ? undefined : { ...table, alias: { ...table.name, name } };
}

/** The fields of a SELECT whose FROM holds joins in parentheses, with those among its own joins. */
function flatFrom(fields: Node): Node | undefined {
  if (!isNode(fields.from)) return undefined;
  const joins = nodes(fields.joins);
  const from = nodes(fields.from.expressions);
  const holds = (node: unknown) => isNode(node) && (isNode(node.joined_table) || isNode(node.paren));
  if (!from.some(holds) && !joins.some((join) => holds(join.this))) return undefined;
  const inner: Node[] = [];
  const expressions = from.map((node) => leftmost(node, inner));
  for (const join of joins) {
    const nested: Node[] = [];
    const first = leftmost(join.this, nested);
    inner.push({ ...join, this: first }, ...nested);
  }
  return { ...fields, from: { ...fields.from, expressions }, joins: inner };
}

function leftmost(node: unknown, joins: Node[]): unknown {
  if (isNode(node) && isNode(node.paren)) return leftmost(node.paren.this, joins);
  if (!isNode(node) || !isNode(node.joined_table)) return node;
  const left = leftmost(node.joined_table.left, joins);
  for (const join of nodes(node.joined_table.joins)) {
    const nested: Node[] = [];
    const first = leftmost(join.this, nested);
    joins.push({ ...join, this: first }, ...nested);
  }
  return left;
}
