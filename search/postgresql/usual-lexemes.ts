import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** How long shares are believed, in milliseconds. They only choose between ways to the same answer. */
const BELIEVED = 60_000;

/** In which part of all documents the lexemes of a query stand, from 0 to 1: at most, where it is any of them; about. */
export type ShareOf = (query: string) => number;

/** The index goes through all documents of the first of several queries, and looks in the others where it has to. */
export function rarestFirst(queries: readonly string[], shareOf: ShareOf): string[] {
  const shares = new Map(queries.map((query) => [query, shareOf(query)]));
  return [...queries].sort((a, b) => (shares.get(a) ?? 0) - (shares.get(b) ?? 0));
}

/** Which lexemes stand in many documents, as PostgreSQL's own statistics have it: a share of all for each of the most usual ones. */
export class UsualLexemes {
  private shares = new Map<string, number>();
  /** A lexeme that is not among the most usual ones has no more than the least of these. */
  private least = 0;
  private read = Number.NEGATIVE_INFINITY;

  async shareOf(snapshot: Snapshot, tables: Tables): Promise<ShareOf> {
    if (performance.now() - this.read > BELIEVED) await this.readShares(snapshot, tables);
    return (query) => {
      let share = 0;
      for (const [, lexeme = '', open] of query.matchAll(/'([^']*)'(:\*)?/g))
        share += open === undefined ? (this.shares.get(lexeme) ?? this.least) : this.shareOfBeginning(lexeme);
      return Math.min(share, 1);
    };
  }

  private shareOfBeginning(beginning: string): number {
    let share = this.least;
    for (const [lexeme, one] of this.shares) if (lexeme.startsWith(beginning)) share += one;
    return share;
  }

  private async readShares(snapshot: Snapshot, tables: Tables): Promise<void> {
    const { rows } = await snapshot.raw<{ rows: { lexeme: string; share: number }[] }>(
      // Behind the frequencies come the least and the greatest of them, which have no lexeme.
      `SELECT u.lexeme, u.share
       FROM pg_stats s
       CROSS JOIN LATERAL unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS u (lexeme, share)
       WHERE s.schemaname = current_schema() AND s.tablename = ? AND s.attname = 'words' AND u.lexeme IS NOT NULL`,
      [tables.document],
    );
    this.shares = new Map(rows.map(({ lexeme, share }) => [lexeme, share]));
    this.least = rows.reduce((least, { share }) => Math.min(least, share), rows.length === 0 ? 0 : 1);
    this.read = performance.now();
  }
}
