/** The bones of a statement whose whole the parser does not read: the table it writes, and the query it writes from. */
export interface Skeleton {
  kind: 'insert' | 'create_table' | 'create_view';
  target: string[];
  quoted: boolean[];
  query: string;
}

const NAME = String.raw`(?:"(?:[^"]|"")+"|${'`'}[^${'`'}]+${'`'}|\[[^\]]+\]|[\p{L}_][\p{L}\p{N}_$]*)`;
const QUALIFIED = String.raw`(${NAME}(?:\s*\.\s*${NAME}){0,2})`;
const HEADS: [Skeleton['kind'], RegExp][] = [
  ['insert', new RegExp(String.raw`\bINSERT\s+(?:INTO|OVERWRITE)\s+(?:TABLE\s+)?${QUALIFIED}`, 'iu')],
  [
    'create_view',
    new RegExp(
      String.raw`\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+){0,4}?VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?${QUALIFIED}`,
      'iu',
    ),
  ],
  [
    'create_table',
    new RegExp(
      String.raw`\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+){0,2}?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?${QUALIFIED}`,
      'iu',
    ),
  ],
];

/**
 * Finds the bones of one statement: what is written by the first words that say so, the query from the first SELECT,
 * WITH or FROM outside of parentheses after them.
 */
export function skeletonOf(sql: string): Skeleton | undefined {
  const code = withoutText(sql);
  for (const [kind, head] of HEADS) {
    const match = head.exec(code);
    const name = match?.[1];
    if (match === null || name === undefined) continue;
    const after = match.index + match[0].length;
    const start = topLevelQuery(code, after);
    if (start === undefined) return undefined;
    const parts = [...name.matchAll(new RegExp(NAME, 'gu'))].map(([part]) => part);
    const quoted = parts.map((part) => /^["`[]/.test(part));
    return {
      kind,
      target: parts.map((part, place) => (quoted[place] ? part.slice(1, -1).replaceAll('""', '"') : part)),
      quoted,
      query: sql.slice(start).replace(/;\s*$/, ''),
    };
  }
  return undefined;
}

/** Where the query starts. A `WITH` that sets properties, as in `WITH LABEL x`, starts none. */
function topLevelQuery(code: string, from: number): number | undefined {
  let depth = 0;
  const word = /\(|\)|\b(?:SELECT|FROM\s*\(|WITH\s+(?:RECURSIVE\s+)?\S+\s*(?:\([^()]*\)\s*)?AS\s*\()/giu;
  word.lastIndex = from;
  for (let match = word.exec(code); match !== null; match = word.exec(code)) {
    if (match[0] === '(') depth += 1;
    else if (match[0] === ')') depth -= 1;
    else if (depth === 0) return match.index;
    else if (match[0].endsWith('(')) depth += 1;
  }
  return undefined;
}

/** The text with comments and the insides of strings blanked, every other character in its place. */
export function withoutText(sql: string): string {
  return sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|''|\\[\s\S])*'/g, (text) =>
    text.startsWith("'") ? `'${' '.repeat(Math.max(0, text.length - 2))}'` : text.replace(/[^\n]/g, ' '),
  );
}
