import type { Sought } from '../highlight.js';
import { allowedEdits, editDistance } from '../typos.js';
import { fold, queryWordsOf } from '../words.js';

/** Characters for private use: no text of a source has them, and if one did, a mark more would be all. */
export const MARK_START = '\ue000';
export const MARK_END = '\ue001';

/** A word that the engine matched, and the whole word where it matched the beginning only. */
export interface Matched extends Sought {
  whole: string;
}

/** The words of marked texts that the engine matched. */
export function matchedWords(texts: readonly string[]): Matched[] {
  const found = new Map<string, Matched>();
  for (const text of texts) {
    for (const match of text.matchAll(/\ue000([^\ue001]*)\ue001([\p{L}\p{N}]*)/gu)) {
      const word = fold(match[1] ?? '');
      const rest = fold(match[2] ?? '');
      if (word !== '') found.set(`${word} ${rest}`, { word, prefix: rest !== '', whole: word + rest });
    }
  }
  return [...found.values()];
}

/**
 * The words as they were matched, where a typed one was taken for another. The engine does not say so, but what it
 * marks in the hits does; and hits are what the searcher may see.
 */
export function correction(text: string, matched: readonly Matched[]): string | undefined {
  let corrected = false;
  const words = queryWordsOf(text).map((typed) => {
    if (matched.some(({ word }) => word.startsWith(typed) || typed.startsWith(word))) return typed;
    const nearest = matched
      .map(({ word, prefix, whole }) => ({ whole, edits: editDistance(typed, word, prefix) }))
      .filter(({ edits }) => edits <= allowedEdits(typed.length))
      .sort((a, b) => a.edits - b.edits)[0];
    if (nearest === undefined) return typed;
    corrected = true;
    return nearest.whole;
  });
  return corrected ? words.join(' ') : undefined;
}

/** The word that most often continues a beginning among what was matched; the beginning itself where none does. */
export function usualCompletion(beginning: string, matched: readonly Matched[]): string {
  const counts = new Map<string, number>();
  for (const { whole } of matched) if (whole.startsWith(beginning)) counts.set(whole, (counts.get(whole) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? beginning;
}
