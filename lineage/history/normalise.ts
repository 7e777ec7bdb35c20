import { createHash } from 'node:crypto';
import { grammar } from '../sql/libpg-query.js';
import { type StatementAccess, statementAccess } from '../sql/statement-access.js';

/** A statement as it is kept: without what people typed into it. */
export interface NormalisedStatement {
  text: string;
  /** The same for statements that differ in constants, spacing and the length of lists. */
  fingerprint: string;
  /** Undefined where PostgreSQL's grammar does not read the text. */
  access: StatementAccess | undefined;
}

/**
 * Makes every constant a placeholder and leaves comments out, and says what is left reads and writes. A source has done most
 * of it already, but not in statements that are no queries (PostgreSQL before 16), and not in those that it forgot while they
 * ran.
 *
 * @throws GrammarNotReady
 * @returns undefined for a text whose constants cannot be told from the rest, such as one that was cut off
 */
export function normalise(sql: string): NormalisedStatement | undefined {
  const text = withoutConstants(sql);
  if (text === undefined) return undefined;
  const { fingerprintSync } = grammar();
  try {
    const access = statementAccess(text);
    // PostgreSQL's own passes over long numbers in names of tables, which partitions by date have.
    const tables = digestOf(JSON.stringify([access.reads, access.writes])).slice(0, 16);
    return { text, access, fingerprint: `${fingerprintSync(text)}:${tables}` };
  } catch {
    return { text, access: undefined, fingerprint: `text:${digestOf(text).slice(0, 32)}` };
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The lexical structure of PostgreSQL (https://www.postgresql.org/docs/18/sql-syntax-lexical.html), as far as constants and
 * comments go: one token at a time.
 */
const TOKEN = new RegExp(
  [
    String.raw`(?<space>\s+|--[^\n]*)`,
    String.raw`(?<comment>/\*)`,
    String.raw`(?<constant>[eE]'(?:[^'\\]|''|\\[\s\S])*'|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'|\$(?<tag>(?:[\p{L}_][\p{L}\p{N}_]*)?)\$[\s\S]*?\$\k<tag>\$|(?:\d|\.\d)(?:[eE][+-]?\d|[\w.])*)`,
    String.raw`(?<placeholder>\$\d+)`,
    String.raw`(?<word>(?:[uU]&)?"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`,
    `(?<other>[^'"])`,
  ].join('|'),
  'uy',
);

function withoutConstants(sql: string): string | undefined {
  let number = 0;
  for (const [, digits] of sql.matchAll(/\$(\d{1,9})/g)) number = Math.max(number, Number(digits));
  const out: string[] = [];
  for (let at = 0; at < sql.length; ) {
    TOKEN.lastIndex = at;
    const { groups, 0: text = '' } = TOKEN.exec(sql) ?? {};
    if (groups === undefined) return undefined;
    if (groups['comment'] !== undefined) {
      const end = endOfComment(sql, at);
      if (end === undefined) return undefined;
      at = end;
      out.push(' ');
      continue;
    }
    at += text.length;
    if (groups['constant'] !== undefined) {
      number += 1;
      out.push(`$${number}`);
    } else out.push(text.startsWith('--') ? ' ' : text);
  }
  return out.join('').trim().replace(/\s*;$/, '');
}

/** Comments may hold others. Undefined where one does not end. */
function endOfComment(sql: string, start: number): number | undefined {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let found = mark.exec(sql); found !== null; found = mark.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return undefined;
}
