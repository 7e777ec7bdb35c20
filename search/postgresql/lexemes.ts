import { createHash } from 'node:crypto';
import type { SearchDocument } from '../port.js';
import { compact, fold, isUnspaced, plainWordsOf } from '../words.js';

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

export interface Indexed {
  lexemes: string[];
  /** The words for the dictionary: what can be misspelt. */
  terms: Set<string>;
}

/** The marked words of a document, each once, and its words for the dictionary. */
export function lexemesOf(document: SearchDocument): Indexed {
  const lexemes = new Set<string>();
  const terms = new Set<string>();
  const add = ({ words, terms: found }: Taken, mark: string) => {
    for (const word of words) lexemes.add(mark === '' ? word : mark + word);
    for (const term of found) terms.add(term);
  };
  add(takeApart(document.name), 'n/');
  lexemes.add(`k/${compact(document.name)}`);
  lexemes.add(guidLexeme(document.guid));
  for (const column of document.columnNames) {
    const taken = takeApart(column);
    add(taken, '');
    if (taken.compact !== '') lexemes.add(`c/${taken.compact}`);
  }
  for (const place of [document.database, document.schema, document.dataSourceName])
    if (place) for (const mark of ['p/', 't/']) add(takeApart(place), mark);
  for (const text of [
    document.comment,
    document.description,
    document.owner,
    ...document.tags,
    ...document.columnComments,
  ])
    if (text) add(takeApart(text.slice(0, TEXT_LENGTH)), 't/');
  return { lexemes: [...lexemes], terms };
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

/** A text taken apart. */
interface Taken {
  words: string[];
  terms: string[];
  /** Empty where it is too long to be a name. */
  compact: string;
}

/** The same column names come thousands of times; taking them apart is most of what indexing costs this process. */
const cache = new Map<string, Taken>();
/** Longer texts are comments, which hardly come twice; no column's name is longer in the sources there are. */
const CACHED = 130;
function takeApart(text: string): Taken {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const words = plainWordsOf(text);
  const taken = {
    words,
    terms: words.filter(isTerm),
    compact: text.length < CACHED ? compact(text) : '',
  };
  if (text.length < CACHED) {
    if (cache.size > 50_000) cache.clear();
    cache.set(text, taken);
  }
  return taken;
}
