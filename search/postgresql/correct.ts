import { allowedEdits, correctable, editDistance, oneEditAway } from '../typos.js';
import { withCompletions } from './completions.js';
import { firstFound, type Seen } from './first-found.js';
import type { Shown } from './groups.js';
import { type QueryWord, type Reading, readingOf } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import { type Candidate, firstOf, VisibleWords, wholeWord } from './visible-words.js';

/** Of these, how many are tried together with those of the other words. */
const TRIED = 3;
/** What a correction is chosen by. */
interface Asked extends Seen {
  /** Whether the searcher sees anything that a reading matches. */
  isFound: (reading: Reading) => Promise<boolean>;
}

/**
 * What was probably meant: the words of the dictionary nearest to those typed, together with which something is found.
 * Only what the searcher may see counts, for each word and for all together: that a word is known, or is not, must
 * tell nothing about documents of others. The dictionary is of all documents, so no choice is made among its words, and
 * none is left out for another, before they are known to be visible.
 * @returns undefined when nothing near is found
 */
export async function correctedReading(words: QueryWord[], asked: Asked): Promise<Reading | undefined> {
  const { snapshot, tables, shown } = asked;
  const named = await namedWords(snapshot, tables, words, shown);
  const others = words.filter((typed) => !named.has(typed));
  const near = await nearWords(snapshot, tables, others);
  const visible = new VisibleWords(asked);
  await visible.count([
    ...others.map(asTyped),
    ...near.flatMap((candidates) => firstOf(candidates).map(({ word }) => wholeWord(word))),
  ]);
  const known = new Set(words.filter((typed) => named.has(typed) || visible.has(asTyped(typed))));
  // The likeliest leaves as it is what is known. Mostly it is found, and what known words are near to need not be looked for.
  const unknown = others.flatMap((typed, at) => (known.has(typed) ? [] : [{ typed, near: near[at] ?? [] }]));
  let tried = 0;
  if (unknown.length > 0) {
    const [likeliest] = await likelyReadings(words, known, unknown, visible, asked);
    if (likeliest === undefined || (await asked.isFound(likeliest))) return likeliest;
    tried = 1;
  }
  const rest = words.filter((typed) => !unknown.some((each) => each.typed === typed));
  const nearRest = await nearWords(snapshot, tables, rest);
  const all = [...unknown, ...rest.map((typed, at) => ({ typed, near: nearRest[at] ?? [] }))];
  const readings = (await likelyReadings(words, known, all, visible, asked)).slice(tried);
  const first = readings.length === 0 ? undefined : await firstFound(snapshot, tables, readings, shown);
  return first === undefined ? undefined : readings[first];
}

/** A word as typed, and what it may be a misspelling of, nearest first. */
interface Misspelt {
  typed: QueryWord;
  near: Candidate[];
}

/** Readings in which some words are corrected, the likeliest first. Those that are not among the misspelt stay as they are. */
async function likelyReadings(
  words: QueryWord[],
  known: ReadonlySet<QueryWord>,
  misspelt: readonly Misspelt[],
  visible: VisibleWords,
  { snapshot, tables }: Asked,
): Promise<Reading[]> {
  const nearest = await visible.nearest(misspelt.map(({ near }) => near));
  const choices = words.map((typed) => {
    const others = (nearest[misspelt.findIndex((each) => each.typed === typed)] ?? [])
      .sort((a, b) => a.edits - b.edits || sameStart(typed, b) - sameStart(typed, a) || b.documents - a.documents)
      .slice(0, TRIED);
    return [...(known.has(typed) ? [{ word: typed.word, edits: 0 }] : []), ...others];
  });
  const likely = combinations(choices).filter((combination) => combination.some(({ edits }) => edits > 0));
  if (likely.length === 0) return [];
  const spelled = await spelledOut(snapshot, tables, words, likely);
  return likely.map((combination) => readingOf(combination.map(spelled)));
}

/**
 * For each word all of the dictionary that it may be a misspelling of, nearest first, in an order that hangs on the words
 * alone. Trigrams find what is two edits away, a look-up what is one.
 */
async function nearWords(snapshot: Snapshot, tables: Tables, words: QueryWord[]): Promise<Candidate[][]> {
  const asked = words.flatMap((typed, at) => (correctable(typed.word) ? [{ ...typed, at }] : []));
  if (asked.length === 0) return words.map(() => []);
  const edits = asked.flatMap(({ word, at }) => oneEditAway(word).map((edit) => ({ edit, at })));
  const open = edits.filter(({ at }) => words[at]?.prefix === true);
  const { rows } = await snapshot.prepared<{ rows: { at: number; term: string }[] }>(
    `SELECT e.at, t.term
     FROM unnest(?::text[], ?::integer[]) AS e (edit, at) JOIN ${tables.term} t ON t.term = e.edit
     UNION
     SELECT e.at, t.term
     FROM unnest(?::text[], ?::integer[]) AS e (edit, at)
     CROSS JOIN LATERAL (
       SELECT term FROM ${tables.term} WHERE term > e.edit AND term < e.edit || U&'\\+10FFFF'
     ) AS t
     UNION
     SELECT w.at, t.term
     FROM unnest(?::text[], ?::integer[]) AS w (word, at) JOIN ${tables.term} t ON t.term % w.word`,
    [
      edits.map(({ edit }) => edit),
      edits.map(({ at }) => at),
      open.map(({ edit }) => edit),
      open.map(({ at }) => at),
      asked.map(({ word }) => word),
      asked.map(({ at }) => at),
    ],
  );
  return words.map((typed, at) =>
    rows
      .filter((row) => row.at === at && row.term !== typed.word)
      .map(({ term }) => ({ word: term, edits: editDistance(typed.word, term, typed.prefix) }))
      .filter(({ edits }) => edits > 0 && edits <= allowedEdits(typed.word.length))
      .sort(
        (a, b) =>
          a.edits - b.edits ||
          sameStart(typed, b) - sameStart(typed, a) ||
          a.word.length - b.word.length ||
          (a.word < b.word ? -1 : 1),
      ),
  );
}

/** Those of the words as typed that are words of names that the searcher sees: the first row that may be seen tells. */
async function namedWords(
  snapshot: Snapshot,
  tables: Tables,
  words: readonly QueryWord[],
  shown: Shown,
): Promise<Set<QueryWord>> {
  if (!shown.ofNames) return new Set();
  const { rows } = await snapshot.prepared<{ rows: { word: string }[] }>(
    `SELECT w.word
     FROM unnest(?::text[]) AS w (word)
     CROSS JOIN LATERAL (
       SELECT FROM ${tables.name} WHERE word = w.word ${shown.condition} ORDER BY standing DESC, id DESC LIMIT 1
     ) AS named`,
    [words.map(({ word }) => word), ...shown.bindings],
  );
  const named = new Set(rows.map(({ word }) => word));
  return new Set(words.filter(({ word }) => named.has(word)));
}

/** What stands for a candidate in a reading: where the word was typed open, with all that it may become. */
async function spelledOut(
  snapshot: Snapshot,
  tables: Tables,
  words: readonly QueryWord[],
  likely: readonly Candidate[][],
): Promise<(candidate: Candidate, at: number) => QueryWord> {
  const open = new Map<string, QueryWord>();
  for (const combination of likely)
    for (const [at, { word }] of combination.entries()) if (words[at]?.prefix) open.set(word, { word, prefix: true });
  const spelled = new Map(
    (await withCompletions(snapshot, tables, [...open.values()])).map((each) => [each.word, each] as const),
  );
  return ({ word }, at) =>
    words[at]?.prefix ? (spelled.get(word) ?? { word, prefix: true }) : { word, prefix: false };
}

/** Every choice of one candidate a word, fewest edits first. */
function combinations(choices: Candidate[][]): Candidate[][] {
  let combined: Candidate[][] = [[]];
  for (const choice of choices) {
    combined = combined.flatMap((head) => choice.map((candidate) => [...head, candidate]));
    // The sort is stable: among equally many edits the likelier words stay in front.
    combined = combined.sort((a, b) => editsOf(a) - editsOf(b)).slice(0, 30);
  }
  return combined;
}

function editsOf(combination: readonly Candidate[]): number {
  return combination.reduce((sum, { edits }) => sum + edits, 0);
}

/** Misspellings rarely begin with the first letter. */
function sameStart(typed: QueryWord, candidate: Candidate): number {
  return typed.word[0] === candidate.word[0] ? 1 : 0;
}

function asTyped(word: QueryWord): string {
  return readingOf([word]).all;
}
