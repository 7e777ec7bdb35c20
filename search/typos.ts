import { isUnspaced } from './words.js';

/** How many edits a word may be from another and still be taken for it: none up to 3 letters, 1 up to 7, 2 from 8. */
export function allowedEdits(length: number): number {
  if (length < 4) return 0;
  return length < 8 ? 1 : 2;
}

/** Whether a word may be misspelt, or be what a misspelt one means: letters of a script that has beginnings, and enough of them. */
export function correctable(word: string): boolean {
  return allowedEdits(word.length) > 0 && /^\p{L}+$/u.test(word) && !isUnspaced(word);
}

/**
 * Edits between two words, where exchanging two neighbouring letters counts as one: Damerau-Levenshtein in its
 * optimal string alignment form.
 * @param prefix compares with the beginning of `known` that fits best, for a word that is still being typed
 */
export function editDistance(typed: string, known: string, prefix = false): number {
  const a = [...typed];
  const b = [...known];
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1])
        best = Math.min(best, at(beforeLast, column - 2) + 1);
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return prefix ? Math.min(...last) : at(last, b.length);
}

function at(row: number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Every string one edit away over the letters a to z and the digits. Trigrams of a short word with two letters
 * exchanged share too little with the right word to find it; looking all of these up does.
 */
export function oneEditAway(word: string): string[] {
  const letters = [...word];
  const found = new Set<string>();
  for (let i = 0; i <= letters.length; i += 1) {
    const head = letters.slice(0, i).join('');
    const tail = letters.slice(i).join('');
    const afterNext = letters.slice(i + 1).join('');
    for (const letter of LETTERS) {
      found.add(head + letter + tail);
      if (i < letters.length) found.add(head + letter + afterNext);
    }
    if (i < letters.length) found.add(head + afterNext);
    if (i + 1 < letters.length) found.add(head + letters[i + 1] + letters[i] + letters.slice(i + 2).join(''));
  }
  found.delete(word);
  return [...found];
}
