import { createHash } from 'node:crypto';
import type { SearchDocument } from '../port.js';
import { compact, fold, isUnspaced, plainWordsOf, WORD_LENGTH } from '../words.js';

/*
 * What stands in `search_document.words`. A GIN index knows no weights: a query for a weighted word reads every row
 * with the word anywhere and looks. So the place of a word is part of the lexeme, and each kind of match is answered
 * by the index alone. Words are letters and digits only, so a mark with a slash can never be typed.
 *
 *   customer            in a column's name
 *   n/customer          in the name
 *   p/sales             in the path: database, schema, data source
 *   t/customer          in text: comments, descriptions, owner, and the path once more
 *   k/dimcustomerorders the whole name, without separators
 *   c/customeremail     a whole column name
 *   g/<digest>          the guid
 */

/** Text beyond this many characters of one comment is not indexed; people do not search by page three of a comment. */
const TEXT_LENGTH = 4_000;

/**
 * The marked words of a document, each once, with spaces between: a lexeme is letters, digits and the slash of its mark.
 * @param terms gets its words for the dictionary: what can be misspelt
 */
export function lexemesOf(document: SearchDocument, terms: Set<string>): string {
  if (numberOf.size > MOST_NUMBERED) forget();
  round += 1;
  // These stand in one document alone.
  const found = [`k/${compact(document.name)}`, guidLexeme(document.guid)];
  const add = (taken: Taken, mark: Mark) => {
    taken.marked[mark] ??= marked(taken, mark);
    for (const number of taken.marked[mark]) {
      if (metIn[number] === round) continue;
      metIn[number] = round;
      found.push(numbered[number] as string);
    }
    for (const number of taken.terms) terms.add(numbered[number] as string);
  };
  add(takeApart(document.name), 'n/');
  for (const column of document.columnNames) add(known(column), 'c/');
  for (const place of [document.database, document.schema, document.dataSourceName])
    if (place) for (const mark of ['p/', 't/'] as const) add(known(place), mark);
  for (const text of [document.comment, document.description])
    if (text) add(takeApart(text.slice(0, TEXT_LENGTH)), 't/');
  for (const text of [document.owner, ...document.tags, ...document.columnComments])
    if (text) add(known(text.slice(0, TEXT_LENGTH)), 't/');
  return found.join(' ');
}

/** The lexeme that a guid is found by. Guids can be longer than a lexeme may be. */
export function guidLexeme(guid: string): string {
  return `g/${createHash('sha256').update(fold(guid)).digest('hex').slice(0, 32)}`;
}

/** Short words, numbers and unspaced scripts are never taken for a misspelling of anything. */
function isTerm(word: string): boolean {
  if (word.length < 3) return false;
  const first = word.charCodeAt(0);
  // A word is letters or digits, never both, and of one script: what it begins with tells what it is.
  return first < 128 ? first > 57 : !/^\p{N}/u.test(word) && !isUnspaced(word);
}

type Mark = 'n/' | 'p/' | 't/' | 'c/';

/** A text taken apart. Lexemes are numbers here, of which a document's are told apart without a set of strings for each. */
interface Taken {
  words: string[];
  terms: number[];
  /** As they are added again and again: behind each mark that they were needed behind. */
  marked: Partial<Record<Mark, number[]>>;
  /** Empty where it is too long to be a name. */
  compact: string;
}

const numberOf = new Map<string, number>();
const numbered: string[] = [];
/** In which round, one for each document, a lexeme was met last. */
const metIn: number[] = [];
let round = 0;
/** More lexemes than the columns of most installations have; beyond, all are numbered anew. */
const MOST_NUMBERED = 200_000;

function number(lexeme: string): number {
  let found = numberOf.get(lexeme);
  if (found === undefined) {
    found = numbered.push(lexeme) - 1;
    metIn.push(0);
    numberOf.set(lexeme, found);
  }
  return found;
}

function takeApart(text: string): Taken {
  const words = plainWordsOf(text);
  return {
    words,
    terms: words.filter(isTerm).map(number),
    marked: {},
    compact: text.length < CACHED ? compact(text) : '',
  };
}

/** Longer names are cut for {@link namesOf}: an entry of an index has room for that many letters of any script. */
const NAMES_LENGTH = 500;
/** Of names as {@link namesOf} gives them, shorter ones have all their words. Letters of some scripts count more than once in both. */
export const LONGEST_UNCUT = NAMES_LENGTH - WORD_LENGTH;

/**
 * A name as the walk through the best standing reads it (find-first.ts), without the words of everything else: all of it
 * without separators, then its words, with a space behind each.
 */
export function namesOf({ name }: SearchDocument): string {
  let names = `${compact(name)} `;
  for (const word of new Set(plainWordsOf(name))) {
    if (names.length + word.length >= NAMES_LENGTH) break;
    names += `${word} `;
  }
  return names;
}

/** The words behind a mark; of a column the bare words, and all of its name. */
function marked({ words, compact: whole }: Taken, mark: Mark): number[] {
  if (mark !== 'c/') return words.map((word) => number(mark + word));
  return [...words, ...(whole === '' ? [] : [`c/${whole}`])].map(number);
}

/**
 * The same names and comments of columns come thousands of times; taking them apart is most of what indexing costs this
 * process. Names and comments of tables are rarely the same, and would only have to be cleared up later.
 */
const cache = new Map<string, Taken>();
/** Longer texts are comments, which hardly come twice; no column's name is longer in the sources there are. */
const CACHED = 130;
const MOST_CACHED = 50_000;

function known(text: string): Taken {
  const earlier = cache.get(text);
  if (earlier !== undefined) return earlier;
  const taken = takeApart(text);
  if (text.length < CACHED) {
    if (cache.size >= MOST_CACHED) cache.clear();
    cache.set(text, taken);
  }
  return taken;
}

function forget(): void {
  cache.clear();
  numberOf.clear();
  numbered.length = 0;
  metIn.length = 0;
}
