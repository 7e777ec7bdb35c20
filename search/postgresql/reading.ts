import { compact, isUnspaced, queryWordsOf } from '../words.js';
import { guidLexeme } from './lexemes.js';

/** More words than this are not searched for: whoever pastes a page gets what matches its beginning. */
const MOST_WORDS = 12;
/** Two letters begin a hundredth of all words, and who has typed no more looks for a name: they complete names only. */
const SHORTEST_PREFIX = 3;

/** One word of a query. */
export interface QueryWord {
  word: string;
  /** Whether the word is the beginning of what is meant: the last one, while it is being typed. */
  prefix: boolean;
  /** All that it may become, from the dictionary; see completions.ts. Without them the index looks for all beginnings. */
  completions?: string[];
  /** Whether the completions are all there are. */
  areAll?: boolean;
}

/** How good a match is, best last; part of the rank and of cursors. */
export const CLASSES = ['anywhere', 'fields', 'column', 'path', 'name', 'namePrefix', 'exact'] as const;
export type MatchClass = (typeof CLASSES)[number];

/** What matches in one way. */
export interface ReadingClass {
  rank: number;
  query: string;
  /**
   * The same as several queries of which all must match: the index of words goes through its lists by one condition after
   * another in a half to a third of the time that it takes for all in one.
   */
  parts: string[];
  /** Those that tell how many documents match; the others mostly follow from them. */
  telling: string[];
}

/** One way to understand what was typed: a tsquery for each class, and one for whatever matches at all. */
export interface Reading {
  words: QueryWord[];
  all: string;
  /** The same as alternatives, of each of which several queries must match. */
  ways: string[][];
  classes: ReadingClass[];
  /** How the words stand in what namesOf says of names, in their order; all must. */
  names?: string[];
}

/** The words of a text as typed, the last one open. Empty for a text without any letter or digit. */
export function typedWords(text: string): QueryWord[] {
  const words = [...new Set(queryWordsOf(text.slice(0, 2_000)))].slice(0, MOST_WORDS);
  return words.map((word, at) => ({ word, prefix: at === words.length - 1 && mayBePrefix(word) }));
}

/** Whether a word can stand for the longer ones that begin with it. */
export function mayBePrefix(word: string): boolean {
  return !isUnspaced(word);
}

/**
 * The reading of a text in which every word must match.
 * @param text as typed, for what compares it whole: guid, name, column; left out for words that were not typed so
 */
export function readingOf(words: QueryWord[], text?: string): Reading {
  const queries: Queries = {
    exact: text === undefined ? undefined : [exactQuery(text)],
    namePrefix: text === undefined ? undefined : namePrefixQuery(text),
    name: words.map((word) => lexeme('n/', word)),
    // Of one word it would be the same as the name.
    path:
      words.length === 1
        ? undefined
        : [
            ...words.map((word) => `(${lexeme('n/', word)} | ${lexeme('p/', word)})`),
            or(words, (word) => lexeme('n/', word)),
          ],
    column: [columnQuery(words, text)],
    fields: words.map(inFields),
    anywhere: words.map(anywhere),
  };
  return { ...assemble(words, queries), names: words.map(inNames) };
}

function inNames({ word, prefix }: QueryWord): string {
  return ` ${word}${prefix ? '' : ' '}`;
}

/** The reading in which every word must stand in the name of a column: what columns are searched by as themselves. */
export function columnReadingOf(words: QueryWord[], text?: string): Reading {
  const exact = [columnQuery(words, text)];
  const fields = words.map((word) => lexeme('', word));
  return {
    words,
    ...anyOf([exact, fields]),
    classes: [classOf('column', exact), classOf('fields', fields)],
  };
}

/** The reading in which any `size` of the words are enough. */
export function looseReadingOf(words: QueryWord[], size: number): Reading {
  const subsets = subsetsOf(words, size);
  const loose = (term: (word: QueryWord) => string) => [subsets.map((subset) => allOf(subset.map(term))).join(' | ')];
  return assemble(words, {
    exact: undefined,
    namePrefix: undefined,
    name: loose((word) => lexeme('n/', word)),
    path: undefined,
    column: undefined,
    fields: loose(inFields),
    anywhere: loose(anywhere),
  });
}

/** For each class the queries of which all must match. */
type Queries = Record<MatchClass, string[] | undefined>;

function assemble(words: QueryWord[], queries: Queries): Reading {
  const classes = CLASSES.flatMap((name) => {
    const parts = queries[name];
    return parts === undefined ? [] : [classOf(name, parts)];
  }).reverse();
  // Every class but these implies `anywhere`.
  const whole = [queries.exact, queries.namePrefix, queries.column].flatMap((parts) => parts ?? []).join(' | ');
  return { words, ...anyOf([queries.anywhere ?? [], ...(whole === '' ? [] : [[whole]])]), classes };
}

function anyOf(ways: string[][]): Pick<Reading, 'all' | 'ways'> {
  return { all: ways.map(allOf).join(' | '), ways: ways.map((parts) => [...new Set(parts)]) };
}

function classOf(name: MatchClass, asked: string[]): ReadingClass {
  const parts = [...new Set(asked)];
  const query = parts.length === 1 ? (parts[0] as string) : allOf(parts);
  // The last condition of a path is that not all words are in it.
  return { rank: CLASSES.indexOf(name), query, parts, telling: name === 'path' ? parts.slice(0, -1) : parts };
}

function exactQuery(text: string): string {
  const queries = [quote(guidLexeme(text.trim()))];
  const whole = compact(text);
  if (whole !== '') queries.push(quote(`k/${whole}`));
  const qualified = qualifiedName(text, '');
  return [...queries, ...qualified].join(' | ');
}

function namePrefixQuery(text: string): string[] | undefined {
  const whole = compact(text);
  if (whole === '') return undefined;
  return [[`${quote(`k/${whole}`)}:*`, ...qualifiedName(text, ':*')].join(' | ')];
}

/** `sales.orders`: a name behind the words of its path. */
function qualifiedName(text: string, suffix: string): string[] {
  const places = text.split('.');
  const name = compact(places.pop() ?? '');
  const path = places.flatMap((place) => queryWordsOf(place)).slice(0, MOST_WORDS);
  if (name === '' || path.length === 0) return [];
  return [`(${[`${quote(`k/${name}`)}${suffix}`, ...path.map((word) => quote(`p/${word}`))].join(' & ')})`];
}

function columnQuery(words: QueryWord[], text: string | undefined): string {
  return text === undefined ? quote(`c/${words.map(({ word }) => word).join('')}`) : quote(`c/${compact(text)}`);
}

function inFields(word: QueryWord): string {
  return `(${lexeme('n/', word)} | ${lexeme('', word)})`;
}

function anywhere(word: QueryWord): string {
  return `(${lexeme('n/', word)} | ${lexeme('', word)} | ${lexeme('t/', word)})`;
}

function allOf(parts: readonly string[]): string {
  return `(${parts.map((part) => `(${part})`).join(' & ')})`;
}

function or(words: QueryWord[], term: (word: QueryWord) => string): string {
  return `(${words.map(term).join(' | ')})`;
}

/** A beginning stands for its completions where they are known; in names, where they are all known. */
function lexeme(mark: string, { word, prefix, completions, areAll }: QueryWord): string {
  if (!prefix || (mark !== 'n/' && word.length < SHORTEST_PREFIX)) return quote(mark + word);
  if (completions === undefined || (mark === 'n/' && areAll !== true)) return `${quote(mark + word)}:*`;
  const alternatives = [word, ...completions].map((each) => quote(mark + each));
  return alternatives.length === 1 ? (alternatives[0] as string) : `(${alternatives.join(' | ')})`;
}

/** Lexemes are letters, digits and the slash of a mark, so nothing in them can end the quotation. */
function quote(text: string): string {
  return `'${text}'`;
}

function subsetsOf<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, at) => subsetsOf(items.slice(at + 1), size - 1).map((rest) => [item, ...rest]));
}
