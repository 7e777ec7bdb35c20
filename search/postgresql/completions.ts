import type { Database } from '../../db/database.js';
import type { QueryWord } from './reading.js';
import type { Tables } from './tables.js';

/** A beginning stands for at most so many words, the usual ones first. With four letters there are hardly ever more. */
const MOST_COMPLETIONS = 64;

/**
 * Looks up what the open words may become. PostgreSQL answers `cu:*` by collecting every row of every word that begins
 * so, before it looks at the other words; of words spelt out it reads only what the rarest word leaves over. A word that
 * stands alone stays open: there, one beginning is read faster than sixty words. Where there are more words than the
 * limit, names are searched for every beginning all the same, so that no name is lost to it.
 */
export async function withCompletions(database: Database, tables: Tables, words: QueryWord[]): Promise<QueryWord[]> {
  if (words.length === 1) return words;
  const open = words.filter(({ word, prefix }) => prefix && !/^\p{N}/u.test(word)).map(({ word }) => word);
  if (open.length === 0) return words;
  const { rows } = await database.raw<{ rows: { word: string; completions: string[] }[] }>(
    `SELECT w.word, ARRAY (
       SELECT t.term FROM ${tables.term} t
       WHERE t.term > w.word AND t.term < w.word || U&'\\+10FFFF'
       ORDER BY t.documents DESC LIMIT ${MOST_COMPLETIONS}
     ) AS completions
     FROM unnest(?::text[]) AS w (word)`,
    [open],
  );
  const completions = new Map(rows.map((row) => [row.word, row.completions]));
  return words.map((each) => {
    const known = each.prefix ? completions.get(each.word) : undefined;
    if (known === undefined) return each;
    // The dictionary has every word from three letters on.
    return { ...each, completions: known, areAll: known.length < MOST_COMPLETIONS && each.word.length > 1 };
  });
}
