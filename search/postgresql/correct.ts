import { allowedEdits, editDistance, oneEditAway } from '../typos.js';
import { isUnspaced } from '../words.js';
import { withCompletions } from './completions.js';
import type { Shown } from './groups.js';
import { CLASSES, type QueryWord, type Reading, readingOf } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** Of the words that the searcher may see, so many are looked at more closely, for each misspelt one. */
const CANDIDATES = 64;
/** Of these, how many are tried together with those of the other words. */
const TRIED = 3;
/** A word's documents are counted up to here: enough to tell a usual word from a rare one. */
const USUAL = 100;
/** Where so many documents are visible, a word that stands in one of {@link SAMPLED} of them is a usual one. */
const MANY = 20_000;
const SAMPLED = 100;

interface Candidate {
  word: string;
  edits: number;
}
type Counted = Candidate & { documents: number };

/** What a correction is chosen by. */
interface Asked {
  snapshot: Snapshot;
  tables: Tables;
  /** What the searcher may see. */
  shown: Shown;
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
  const asked = words.flatMap((typed, at) => (isCorrectable(typed.word) ? [{ ...typed, at }] : []));
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

/** In how many visible documents words stand, each asked once. */
class VisibleWords {
  private readonly counts = new Map<string, number>();

  constructor(private readonly asked: Asked) {}

  has(query: string): boolean {
    return (this.counts.get(query) ?? 0) > 0;
  }

  /** Counts the documents of each query, up to {@link USUAL}. */
  async count(queries: readonly string[]): Promise<void> {
    const { snapshot, tables, shown } = this.asked;
    const asked = [...new Set(queries)].filter((query) => !this.counts.has(query));
    if (asked.length === 0) return;
    const usual = shown.documents > MANY && !shown.few ? await usualOnes(snapshot, tables, asked, shown) : [];
    for (const query of usual) this.counts.set(query, USUAL);
    const others = asked.filter((query) => !this.counts.has(query));
    if (others.length === 0) return;
    const { rows } = await snapshot.raw<{ rows: { query: string; n: number }[] }>(
      `SELECT q.query, counted.n
       FROM unnest(?::text[]) AS q (query)
       CROSS JOIN LATERAL (
         SELECT count(*)::integer AS n
         FROM (SELECT FROM ${tables.document} WHERE words @@ q.query::tsquery ${shown.condition} LIMIT ${USUAL}) AS few
       ) AS counted`,
      [others, ...shown.bindings],
    );
    for (const { query, n } of rows) this.counts.set(query, n);
  }

  /** For each word the nearest that stand in visible documents, with the number of these. */
  async nearest(near: readonly Candidate[][]): Promise<Counted[][]> {
    const visible: Counted[][] = near.map(() => []);
    for (let from = 0; ; from += CANDIDATES) {
      const looked = near.map((candidates, at) =>
        (visible[at]?.length ?? 0) < CANDIDATES ? firstOf(candidates.slice(from)) : [],
      );
      const queries = looked.flat().map(({ word }) => wholeWord(word));
      if (queries.length === 0) return visible.map((candidates) => candidates.slice(0, CANDIDATES));
      // Who sees little has hundreds of words before them that they do not see; asked for together these cost little.
      if (from > 0 && !(await isAnyVisible(this.asked, queries))) continue;
      await this.count(queries);
      for (const [at, candidates] of looked.entries())
        for (const candidate of candidates) {
          const documents = this.counts.get(wholeWord(candidate.word)) ?? 0;
          if (documents > 0) visible[at]?.push({ ...candidate, documents });
        }
    }
  }
}

function firstOf(candidates: readonly Candidate[]): Candidate[] {
  return candidates.slice(0, CANDIDATES);
}

/**
 * Those of some queries that are met in the few visible documents of the best standing. The index of words would collect all
 * documents of a usual word before it could tell that there is one.
 */
async function usualOnes(
  snapshot: Snapshot,
  tables: Tables,
  queries: readonly string[],
  shown: Shown,
): Promise<string[]> {
  const { rows } = await snapshot.raw<{ rows: { query: string }[] }>(
    // Put together anew, words are read from where they are stored once and not for each query.
    `WITH top AS MATERIALIZED (
       SELECT words || ''::tsvector AS words
       FROM (
         SELECT words FROM ${tables.document} WHERE TRUE ${shown.condition} ORDER BY standing DESC, id DESC LIMIT ${SAMPLED}
       ) AS best
     )
     SELECT q.query
     FROM unnest(?::text[]) AS q (query)
     WHERE EXISTS (SELECT FROM top WHERE top.words @@ q.query::tsquery)`,
    [...shown.bindings, [...queries]],
  );
  return rows.map(({ query }) => query);
}

async function isAnyVisible(
  { snapshot, tables, shown }: Omit<Asked, 'isFound'>,
  queries: readonly string[],
): Promise<boolean> {
  const { rows } = await snapshot.raw<{ rows: { found: boolean }[] }>(
    `SELECT EXISTS (SELECT FROM ${tables.document} WHERE words @@ ?::tsquery ${shown.condition}) AS found`,
    [queries.map((query) => `(${query})`).join(' | '), ...shown.bindings],
  );
  return rows[0]?.found ?? false;
}

/** The first of several readings with something to show. */
export async function firstFound(
  snapshot: Snapshot,
  tables: Tables,
  readings: readonly Reading[],
  shown: Shown,
): Promise<number | undefined> {
  // Its names alone are looked at before: often they tell, and are a tenth of what stands in columns and texts.
  const names = readings[0]?.classes.find(({ rank }) => CLASSES[rank] === 'name');
  if (names !== undefined && (await isAnyVisible({ snapshot, tables, shown }, [names.query]))) return 0;
  // The likeliest is asked for alone: older servers answer all of a list before they sort it.
  for (const [from, to] of [
    [0, 1],
    [1, readings.length],
  ] as const) {
    const asked = readings.slice(from, to);
    if (asked.length === 0) return undefined;
    const { rows } = await snapshot.raw<{ rows: { at: number }[] }>(
      `SELECT (r.at - 1)::integer AS at
       FROM unnest(?::text[]) WITH ORDINALITY AS r (query, at)
       WHERE EXISTS (SELECT FROM ${tables.document} WHERE words @@ r.query::tsquery ${shown.condition})
       ORDER BY r.at LIMIT 1`,
      [asked.map(({ all }) => all), ...shown.bindings],
    );
    if (rows[0] !== undefined) return from + rows[0].at;
  }
  return undefined;
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

function isCorrectable(word: string): boolean {
  return allowedEdits(word.length) > 0 && !isUnspaced(word) && !/^\p{N}+$/u.test(word);
}

function asTyped(word: QueryWord): string {
  return readingOf([word]).all;
}

/** What comes from the dictionary is looked for whole: all that begin with it would be many, and tell no more. */
function wholeWord(word: string): string {
  return readingOf([{ word, prefix: false }]).all;
}
