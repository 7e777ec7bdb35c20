import { partsOf } from '../compounds.js';
import type { SearchRequest } from '../port.js';
import { withCompletions } from './completions.js';
import { correctedReading } from './correct.js';
import { firstFound } from './first-found.js';
import type { Shown } from './groups.js';
import { columnReadingOf, looseReadingOf, mayBePrefix, type QueryWord, type Reading, readingOf } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/**
 * Another way to understand words with which nothing is found that the searcher may see: each as a beginning; those
 * written together taken apart; misspelt ones corrected; ever fewer of them.
 * @param seen what the searcher may see
 * @param isFound whether that has anything that a reading matches
 */
export async function otherReading(
  snapshot: Snapshot,
  tables: Tables,
  words: QueryWord[],
  { text, within }: Pick<SearchRequest, 'text' | 'within'>,
  { seen, isFound }: { seen: Shown; isFound: (reading: Reading) => Promise<boolean> },
): Promise<{ reading: Reading; corrected: boolean } | undefined> {
  const understand = within === 'columns' ? columnReadingOf : readingOf;
  const begun = words.map(({ word }) => ({ word, prefix: mayBePrefix(word) }));
  if (words.length > 1) {
    const reading = understand(await withCompletions(snapshot, tables, begun), text);
    if (await isFound(reading)) return { reading, corrected: false };
  }
  const parts = words.flatMap((each) =>
    (partsOf(each.word) ?? [each.word]).map((word) => ({ word, prefix: each.prefix && word === each.word })),
  );
  if (parts.length > words.length) {
    const reading = understand(await withCompletions(snapshot, tables, parts));
    if (await isFound(reading)) return { reading, corrected: false };
  }
  const corrected = await correctedReading(words, { snapshot, tables, shown: seen, isFound });
  if (within === 'columns') {
    // Some words of a column's name say less than they would of a table: all, or nothing.
    const reading = corrected === undefined ? undefined : columnReadingOf(corrected.words);
    const found = reading !== undefined && (await isFound(reading));
    return found ? { reading, corrected: true } : undefined;
  }
  if (corrected !== undefined) return { reading: corrected, corrected: true };
  const loose = Array.from({ length: words.length - 1 }, (_, fewer) => words.length - 1 - fewer)
    // Of many words the subsets of middling size are too many; any one word is where these end up.
    .filter((size) => words.length <= 6 || size === words.length - 1 || size === 1)
    .map((size) => looseReadingOf(words, size));
  const found = loose.length === 0 ? undefined : await firstFound(snapshot, tables, loose, seen);
  return found === undefined ? undefined : { reading: loose[found] as Reading, corrected: false };
}

/** Whether the searcher sees anything that a reading matches. */
export async function isFound(snapshot: Snapshot, tables: Tables, reading: Reading, seen: Shown): Promise<boolean> {
  return (await firstFound(snapshot, tables, [reading], seen)) !== undefined;
}
