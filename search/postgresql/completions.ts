import type { QueryWord } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/**
 * A beginning is spelt out as so many words at most. With four letters there are hardly ever more. Of a word that stands alone
 * more than a few are read slower than one beginning: each document is compared with each of them.
 */
const MOST_COMPLETIONS = 256;
const MOST_ALONE = 6;

/**
 * Looks up what the open words may become. PostgreSQL answers `cu:*` by collecting every row of every word that begins
 * so, before it looks at the other words; of words spelt out it reads only what the rarest word leaves over.
 *
 * A beginning is spelt out in full or not at all. The dictionary is of all documents, and choosing among its words would
 * let those of hidden documents decide what is found of the others.
 */
export async function withCompletions(snapshot: Snapshot, tables: Tables, words: QueryWord[]): Promise<QueryWord[]> {
  const open = words.filter(({ word, prefix }) => prefix && !/^\p{N}/u.test(word)).map(({ word }) => word);
  // Alone, two letters begin too many words to be worth looking up.
  if (open.length === 0 || (words.length === 1 && (open[0] as string).length < 3)) return words;
  const { rows } = await snapshot.prepared<{ rows: { word: string; completions: string[] }[] }>(
    `SELECT w.word, ARRAY (
       SELECT t.term FROM ${tables.term} t
       WHERE t.term > w.word AND t.term < w.word || U&'\\+10FFFF'
       LIMIT ${MOST_COMPLETIONS + 1}
     ) AS completions
     FROM unnest(?::text[]) AS w (word)`,
    [open],
  );
  const completions = new Map(
    rows
      .filter((row) => row.completions.length <= (words.length === 1 ? MOST_ALONE : MOST_COMPLETIONS))
      .map((row) => [row.word, row.completions]),
  );
  return words.map((each) => {
    const found = each.prefix ? completions.get(each.word) : undefined;
    // The dictionary has every word from three letters on.
    return found === undefined ? each : { ...each, completions: found, areAll: each.word.length > 1 };
  });
}
