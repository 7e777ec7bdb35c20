import { withoutText } from './skeleton.js';
import type { Dialect } from './statement-lineage.js';

/**
 * The text in the words that the parser knows: placeholders of schedulers and templates become plain names, Hive's
 * `FROM .. INSERT .. INSERT ..` one statement for each INSERT, clauses of storage go.
 */
export function prepare(sql: string, dialect: Dialect): string[] {
  const plain = sql
    .replace(/\$\{[^}]*\}|\{\{.*?\}\}|\$\[[^\]]*\]/g, (text) => `p_${text.replace(/\W+/g, '_')}`)
    .replace(/\{%.*?%\}/g, ' ');
  if (dialect !== 'hive' && dialect !== 'spark') return [plain];
  return multiInsert(plain.replace(/\bLIFECYCLE\s+\d+\b/gi, ''));
}

function multiInsert(sql: string): string[] {
  const code = withoutText(sql);
  const head = /^\s*FROM\s+([\s\S]+?)\s+(?=INSERT\s+(?:OVERWRITE|INTO)\b)/i.exec(code);
  if (head === null) return [sql];
  const source = sql.slice(code.search(/\bFROM\b/i) + 4, head[0].length);
  const starts = [...code.matchAll(/\bINSERT\s+(?:OVERWRITE|INTO)\b/gi)].map(({ index }) => index);
  return starts.map((start, place) => {
    const part = sql.slice(start, starts[place + 1]).replace(/;\s*$/, '');
    const tail =
      /\b(WHERE|GROUP\s+BY|HAVING|ORDER\s+BY|CLUSTER\s+BY|DISTRIBUTE\s+BY|SORT\s+BY|LIMIT|LATERAL\s+VIEW)\b/i;
    const end = tail.exec(withoutText(part))?.index ?? part.length;
    return `${part.slice(0, end)} FROM ${source} ${part.slice(end)}`;
  });
}
