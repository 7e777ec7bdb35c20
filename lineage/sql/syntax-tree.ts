/** A node of the parser's syntax tree, which is plain JSON: one key that names the kind, or the fields of a kind. */
export type Node = { [key: string]: unknown };

export interface Identifier {
  name: string;
  quoted?: boolean;
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isIdentifier(value: unknown): value is Identifier & Node {
  return isNode(value) && typeof value.name === 'string';
}

/** Kind and fields of a node that is wrapped in its kind. */
export function kindOf(node: unknown): { kind: string; fields: Node } | undefined {
  if (!isNode(node)) return undefined;
  const [kind] = Object.keys(node);
  const fields = kind === undefined ? undefined : node[kind];
  return kind !== undefined && isNode(fields) ? { kind, fields } : undefined;
}

/** Nodes of a list, whatever else stands in it. */
export function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}
