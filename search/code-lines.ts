import { type Sought, segmentsOfExcerpt } from './highlight.js';
import type { Segment } from './port.js';
import { fold } from './words.js';

/** Lines shown of one text. */
const MOST_LINES = 5;

/** A line of code that was found, cut where the match is. */
export interface CodeLine {
  /** From 1, as editors count. */
  number: number;
  /** Of about 200 characters around the first match; never HTML. */
  segments: Segment[];
}

/**
 * The lines of a text in which words sought stand, in their order: those that have the most of them, the earlier ones first,
 * and no more than a few.
 */
export function linesOf(text: string, sought: readonly Sought[]): CodeLine[] {
  if (sought.length === 0) return [];
  const likely = text
    .split(/\r\n|\n|\r/)
    .map((line, at) => ({ line, number: at + 1, words: wordsIn(line, sought) }))
    .filter(({ words }) => words > 0)
    .sort((a, b) => b.words - a.words || a.number - b.number);
  const found: CodeLine[] = [];
  for (const { line, number } of likely) {
    const segments = segmentsOfExcerpt(line, sought);
    if (segments !== undefined) found.push({ number, segments });
    if (found.length === MOST_LINES) break;
  }
  return found.sort((a, b) => a.number - b.number);
}

/** How many of the words may stand in a line: a look without taking it apart, which most lines do not need. */
function wordsIn(line: string, sought: readonly Sought[]): number {
  const folded = fold(line);
  return sought.filter(({ word }) => folded.includes(word)).length;
}
