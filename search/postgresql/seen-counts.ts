/** How long counts are believed, in milliseconds. They choose between ways to the same hits, and whether these are counted. */
const BELIEVED = 10_000;
/** People who search in that time; beyond, all are counted anew. */
const MOST_KEPT = 1_000;

/** Documents that somebody sees, and that there are. */
export interface SeenCount {
  documents: number;
  everything: number;
}

/** How many documents people see, for the letters that each of them types one after the other. Never for what may be seen. */
export class SeenCounts {
  private readonly kept = new Map<string, { at: number; counted: SeenCount }>();

  /** @param visibleTo what they may see, as a key */
  async of(visibleTo: string, count: () => Promise<SeenCount>): Promise<SeenCount> {
    const known = this.kept.get(visibleTo);
    if (known !== undefined && performance.now() - known.at <= BELIEVED) return known.counted;
    const counted = await count();
    if (this.kept.size >= MOST_KEPT) this.kept.clear();
    this.kept.set(visibleTo, { at: performance.now(), counted });
    return counted;
  }
}
