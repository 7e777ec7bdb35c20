import { compact } from './words.js';

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
