import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { type NameDictionary, wholeName } from './kept-words.js';
import { allowedEdits, correctable, editDistance, oneEditAway } from './typos.js';
import { isUnspaced } from './words.js';

/** The worst: where a word of the name had to be taken for a misspelling of what was typed. */
export const MISSPELT = 6;
/** Words, and letters of a word, up to which misspellings are looked for. */
const MOST_WORDS = 6;
const LONGEST_WORD = 24;

/**
 * What is looked for, and how good it is: conditions and a number in SQL, lower is better, for a table `t` whose `name_words` are those
 * of a name and whose `words` those of all of it.
 */
export interface Sifting {
  found: string;
  rank: string;
  bindings: Record<string, string>;
}

/** What has the words, or words that begin so; the whole name first. */
export function wordForWord(words: readonly string[], text: string): Sifting {
  if (words.length === 0) return { found: 'true', rank: '0', bindings: {} };
  const whole = `'${wholeName(text)}'`;
  const beginnings = words.map(beginning).join(' & ');
  return {
    found: 't.words @@ CAST(:found AS tsquery)',
    rank: `CASE WHEN t.name_words @@ CAST(:whole AS tsquery) THEN 0
                WHEN t.name_words @@ CAST(:begins AS tsquery) THEN 1
                WHEN t.name_words @@ CAST(:exact AS tsquery) THEN 2
                WHEN t.name_words @@ CAST(:beginnings AS tsquery) THEN 3
                WHEN t.name_words @@ CAST(:some AS tsquery) THEN 4
                ELSE 5 END`,
    bindings: {
      found: `(${beginnings}) | ${whole}:*`,
      whole,
      begins: `${whole}:*`,
      exact: words.join(' & '),
      beginnings,
      some: words.map(beginning).join(' | '),
    },
  };
}

/** In names alone: of other texts there is too much that is nearly anything. */
export function misspelt(words: readonly string[], meant: readonly (readonly string[])[]): Sifting {
  const either = words.map((word, at) => `(${[word, ...(meant[at] ?? [])].map(beginning).join(' | ')})`);
  return {
    found: 't.name_words @@ CAST(:found AS tsquery)',
    rank: String(MISSPELT),
    bindings: { found: either.join(' & ') },
  };
}

const beginning = (word: string): string => (isUnspaced(word) ? word : `${word}:*`);

/**
 * For each word those of a dictionary of names for which it may have been meant; undefined where there are too many words. They may
 * stand in what the searcher may not read, which is left out then.
 */
export async function meantBy(
  database: Database,
  dictionary: NameDictionary,
  words: readonly string[],
): Promise<string[][] | undefined> {
  return words.length > MOST_WORDS
    ? undefined
    : Promise.all(words.map((word) => oneMeantBy(database, dictionary, word)));
}

async function oneMeantBy(database: Database, dictionary: NameDictionary, word: string): Promise<string[]> {
  if (!correctable(word) || word.length > LONGEST_WORD) return [];
  const edits = allowedEdits(word.length);
  const rows = await query<{ word: string }>(
    database,
    `SELECT word FROM ${dictionary} WHERE word = ANY(CAST(:near AS text[])) OR (CAST(:edits AS int) > 1 AND word % :word)`,
    { near: oneEditAway(word), edits, word },
  );
  return rows.map((row) => row.word).filter((known) => editDistance(word, known) <= edits);
}
