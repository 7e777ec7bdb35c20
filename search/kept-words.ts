import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { correctable } from './typos.js';
import { compact } from './words.js';

/** Dictionaries of the words that names have or had: what may be meant by a misspelt one. */
export type NameDictionary = 'task_code_word' | 'asset_word';

/** Bytes of different words that are kept of one text: PostgreSQL refuses a list of words beyond 1 MB. */
const MOST_BYTES = 500_000;

/** How the whole name stands among words, without its separators. A slash is in no word, so nobody can type it. */
export const wholeName = (name: string): string => `k/${compact(name)}`;

/** Each word once, the first of them where there are too many. */
export function onceEach(words: readonly string[]): string[] {
  const kept = new Set<string>();
  let bytes = 0;
  for (const word of words) {
    if (word === '' || kept.has(word)) continue;
    bytes += Buffer.byteLength(word);
    if (bytes > MOST_BYTES) break;
    kept.add(word);
  }
  return [...kept];
}

/** Keeps the words of names that may be meant. In one order, so that two who write the same wait for one another and not each for the other. */
export async function keepNameWords(
  transaction: Database,
  dictionary: NameDictionary,
  words: readonly string[],
): Promise<void> {
  const terms = [...new Set(words.filter(correctable))].sort();
  await query(transaction, `INSERT INTO ${dictionary} (word) SELECT unnest(CAST(? AS text[])) ON CONFLICT DO NOTHING`, [
    terms,
  ]);
}
