import { partsOf } from './compounds.js';

/** A word of a text: folded for comparison, with where it stands in the text as given. */
export interface Word {
  /** Lower case, without accents, at most {@link WORD_LENGTH} characters; letters and digits only. */
  word: string;
  start: number;
  end: number;
}

/** Longer words are cut here, in the index and in queries alike: a lexeme of PostgreSQL has a limit, and nobody types more. */
export const WORD_LENGTH = 64;

/** Scripts written without spaces between words. They are indexed as single characters and pairs of neighbours. */
const UNSPACED =
  '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Hangul}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー';
const UPPER = '(?:\\p{Lu}\\p{M}*)';
const LOWER = `(?:(?![${UNSPACED}])[\\p{Ll}\\p{Lo}\\p{Lm}\\p{Lt}]\\p{M}*)`;

/** Pieces of identifiers: unspaced runs, `HTTP` of `HTTPServer`, `Server`, `server`, digits. */
const PIECE = new RegExp(
  `(?<unspaced>(?:[${UNSPACED}]\\p{M}*)+)|${UPPER}+(?=${UPPER}${LOWER})|${UPPER}?${LOWER}+|${UPPER}+|\\p{N}+`,
  'gu',
);

/** Latin letters that Unicode does not take apart into a base and an accent. */
const INDIVISIBLE: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/** Letters as people compare them: compatibility forms unified, accents dropped, lower case. Nothing else is removed. */
export function fold(text: string): string {
  // Most of what passes here is plain ASCII, and normalising costs more than everything else together.
  if (isAscii(text)) return text.toLowerCase();
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[ßæœøđðłþı]/g, (letter) => INDIVISIBLE[letter] ?? letter);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** A piece of text as a word: folded, and what folding left of neither letter nor digit (a fraction's bar) taken out. */
function asWord(piece: string): string {
  const folded = fold(piece);
  return cut(isAscii(folded) && isAscii(piece) ? folded : folded.replace(NEITHER, ''));
}
const NEITHER = /[^\p{L}\p{N}]+/gu;
const NEITHER_ASCII = /[^a-z0-9]+/g;

function cut(word: string): string {
  if (word.length <= WORD_LENGTH) return word;
  // Half a surrogate pair is no character, and PostgreSQL would refuse it.
  return word.slice(0, WORD_LENGTH).replace(/[\ud800-\udbff]$/, '');
}

/**
 * The words of a text in reading order: split at anything but letters and digits, at camelCase humps and between
 * letters and digits. A run of Chinese, Japanese, Korean, Thai and the like gives each character and each pair of
 * neighbours, so that a word inside a sentence is found without knowing where words begin. A word written of several
 * known ones gives those too (compounds.ts).
 */
export function wordsOf(text: string): Word[] {
  const found: Word[] = [];
  if (isAscii(text)) {
    eachAsciiPiece(text, (start, end) => {
      const word = cut(text.slice(start, end).toLowerCase());
      found.push({ word, start, end });
      let at = start;
      for (const part of partsOf(word) ?? []) {
        found.push({ word: part, start: at, end: at + part.length });
        at += part.length;
      }
    });
    return found;
  }
  for (const match of text.matchAll(PIECE)) {
    const start = match.index;
    if (match.groups?.unspaced !== undefined) {
      // One by one: a text may be longer than a call may have arguments.
      for (const word of charactersAndPairs(match[0], start)) found.push(word);
      continue;
    }
    const word = asWord(match[0]);
    if (word !== '') found.push({ word, start, end: start + match[0].length });
  }
  return found;
}

/** The words of {@link wordsOf} without their places: indexing takes a hundred texts apart for each table. */
export function plainWordsOf(text: string): string[] {
  if (!isAscii(text)) return wordsOf(text).map(({ word }) => word);
  const found: string[] = [];
  const lower = text.toLowerCase();
  eachAsciiPiece(text, (start, end) => {
    const word = cut(lower.slice(start, end));
    found.push(word, ...(partsOf(word) ?? []));
  });
  return found;
}

/** Finds in plain ASCII what {@link PIECE} does, in a fraction of the time. */
function eachAsciiPiece(text: string, found: (start: number, end: number) => void): void {
  const length = text.length;
  for (let start = 0; start < length; ) {
    const kind = kindOf(text.charCodeAt(start));
    let end = start + 1;
    if (kind === OTHER) {
      start = end;
      continue;
    }
    while (end < length && kindOf(text.charCodeAt(end)) === kind) end += 1;
    if (kind === CAPITAL && end < length && kindOf(text.charCodeAt(end)) === SMALL) {
      // The last capital begins the next word: HTTP|Server. A single one begins this word.
      if (end - start > 1) end -= 1;
      else while (end < length && kindOf(text.charCodeAt(end)) === SMALL) end += 1;
    }
    found(start, end);
    start = end;
  }
}

const OTHER = 0;
const SMALL = 1;
const CAPITAL = 2;
const DIGIT = 3;

function kindOf(code: number): number {
  if (code >= 97 && code <= 122) return SMALL;
  if (code >= 48 && code <= 57) return DIGIT;
  return code >= 65 && code <= 90 ? CAPITAL : OTHER;
}

/**
 * The words of a query. As {@link wordsOf}, but a run of an unspaced script gives its pairs only, which say more
 * than its characters do, and a single character only when it stands alone.
 */
export function queryWordsOf(text: string): string[] {
  const found: string[] = [];
  for (const match of text.matchAll(PIECE)) {
    if (match.groups?.unspaced === undefined) {
      const word = asWord(match[0]);
      if (word !== '') found.push(word);
      continue;
    }
    const parts = charactersAndPairs(match[0], 0).map(({ word }) => word);
    const pairs = parts.filter((part) => [...part].length > 1);
    found.push(...(pairs.length > 0 ? pairs : parts));
  }
  return found;
}

/** Whether a word is of a script in which neither prefixes nor edit distances mean anything. */
export function isUnspaced(word: string): boolean {
  return ANY_UNSPACED.test(word);
}
const ANY_UNSPACED = new RegExp(`[${UNSPACED}]`, 'u');

/** A name without case, accents and separators: `DimCustomer_Orders` and `dim customer orders` are the same. */
export function compact(text: string): string {
  return cut(isAscii(text) ? text.toLowerCase().replace(NEITHER_ASCII, '') : fold(text).replace(NEITHER, ''));
}

function charactersAndPairs(run: string, start: number): Word[] {
  const characters: Word[] = [];
  for (const match of run.matchAll(/\P{M}\p{M}*/gu)) {
    const word = asWord(match[0]);
    if (word !== '') characters.push({ word, start: start + match.index, end: start + match.index + match[0].length });
  }
  return characters.flatMap((character, at) => {
    const next = characters[at + 1];
    return next === undefined
      ? [character]
      : [character, { word: character.word + next.word, start: character.start, end: next.end }];
  });
}
