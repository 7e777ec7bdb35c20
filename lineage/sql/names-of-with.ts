import { isNode, type Node, nodes } from './syntax-tree.js';

/**
 * The names that a statement may use after its `WITH` of PostgreSQL's grammar, in which they stand for no tables; the queries
 * behind the names are walked on the way, each with the names that it may use.
 * @param hidden names that stand for no table where the clause stands
 */
export function namesOfWith(
  clause: Node,
  hidden: ReadonlySet<string>,
  walk: (query: unknown, hidden: ReadonlySet<string>) => void,
): ReadonlySet<string> {
  const expressions = nodes(clause.ctes)
    .map((node) => node.CommonTableExpr)
    .filter(isNode);
  const names = new Set(hidden);
  if (clause.recursive === true) for (const { ctename } of expressions) names.add(String(ctename));
  for (const { ctename, ctequery } of expressions) {
    walk(ctequery, new Set(names));
    names.add(String(ctename));
  }
  return names;
}
