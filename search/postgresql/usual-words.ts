import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** How long shares are believed, in milliseconds. They only choose between ways to the same answer. */
const BELIEVED = 60_000;

/** Which words stand in many names, as PostgreSQL's own statistics have it: a share of all words for each of the most usual ones. */
export class UsualWords {
  private shares = new Map<string, number>();
  private read = Number.NEGATIVE_INFINITY;

  /** The word that stands in the fewest names; among words that are not usual the longest. */
  async rarest(snapshot: Snapshot, tables: Tables, words: readonly string[]): Promise<string | undefined> {
    if (words.length > 1 && performance.now() - this.read > BELIEVED) await this.readShares(snapshot, tables);
    return [...words].sort((a, b) => this.shareOf(a) - this.shareOf(b) || b.length - a.length)[0];
  }

  private shareOf(word: string): number {
    return this.shares.get(word) ?? 0;
  }

  private async readShares(snapshot: Snapshot, tables: Tables): Promise<void> {
    const { rows } = await snapshot.raw<{ rows: { word: string; share: number }[] }>(
      `SELECT u.word, u.share
       FROM pg_stats s
       CROSS JOIN LATERAL unnest(s.most_common_vals::text::text[], s.most_common_freqs) AS u (word, share)
       WHERE s.schemaname = current_schema() AND s.tablename = ? AND s.attname = 'word'`,
      [tables.name],
    );
    this.shares = new Map(rows.map(({ word, share }) => [word, share]));
    this.read = performance.now();
  }
}
