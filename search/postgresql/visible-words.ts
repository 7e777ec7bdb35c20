import { isAnyVisible, type Seen } from './first-found.js';
import type { Shown } from './groups.js';
import { readingOf } from './reading.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** Of the words that the searcher may see, so many are looked at more closely, for each misspelt one. */
const CANDIDATES = 64;
/** A word's documents are counted up to here: enough to tell a usual word from a rare one. */
const USUAL = 100;
/** Where so many documents are visible, a word that stands in one of {@link SAMPLED} of them is a usual one. */
const MANY = 20_000;
const SAMPLED = 100;

/** A word that may have been meant. */
export interface Candidate {
  word: string;
  /** How many letters from what was typed. */
  edits: number;
}

/** One that stands in so many documents that may be seen, counted up to {@link USUAL}. */
export type Counted = Candidate & { documents: number };

/** In how many visible documents words stand, each asked once. */
export class VisibleWords {
  private readonly counts = new Map<string, number>();

  constructor(private readonly asked: Seen) {}

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

/** Those of some candidates, nearest first, that are looked at before the others. */
export function firstOf(candidates: readonly Candidate[]): Candidate[] {
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

/** What comes from the dictionary is looked for whole: all that begin with it would be many, and tell no more. */
export function wholeWord(word: string): string {
  return readingOf([{ word, prefix: false }]).all;
}
