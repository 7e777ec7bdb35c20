import type { Sought } from '../highlight.js';
import { allowedEdits, editDistance } from '../typos.js';
import { fold, queryWordsOf } from '../words.js';

/** Characters for private use: no text of a source has them, and if one did, a mark more would be all. */
export const MARK_START = '\ue000';
export const MARK_END = '\ue001';

/** The words of marked texts that the engine matched, and whether it matched their beginnings only. */
export function matchedWords(texts: readonly string[]): Sought[] {
  const found = new Map<string, Sought>();
  for (const text of texts) {
    for (const match of text.matchAll(/\ue000([^\ue001]*)\ue001(?=([\p{L}\p{N}])?)/gu)) {
      const word = fold(match[1] ?? '');
      const prefix = match[2] !== undefined;
      if (word !== '') found.set(`${word} ${prefix}`, { word, prefix });
    }
  }
  return [...found.values()];
}

/**
 * The words as they were matched, where a typed one was taken for another. The engine does not say so, but what it
 * marks in the hits does; and hits are what the searcher may see.
 */
export function correction(text: string, matched: readonly Sought[]): string | undefined {
  let corrected = false;
  const words = queryWordsOf(text).map((typed) => {
    if (matched.some(({ word }) => word.startsWith(typed) || typed.startsWith(word))) return typed;
    const nearest = matched
      .map(({ word, prefix }) => ({ word, edits: editDistance(typed, word, prefix) }))
      .filter(({ edits }) => edits <= allowedEdits(typed.length))
      .sort((a, b) => a.edits - b.edits)[0];
    if (nearest === undefined) return typed;
    corrected = true;
    return nearest.word;
  });
  return corrected ? words.join(' ') : undefined;
}
