/** Most keys a connector takes at once. */
const MOST_KEYS = 1_000;
/** Columns a page should hold at most, going by the page before: wide tables would fill the memory otherwise. */
const WANTED_COLUMNS = 50_000;

/** How much a page held, for the size of the next one. */
export interface PageWidth {
  tables: number;
  columns: number;
}

/**
 * Reads objects page by page, one page ahead of whoever consumes them: the source works on the next page while the
 * last one is staged. Leaving the loop early waits for the page that is under way.
 * @param read reads a page, and makes of it what is kept of it as it arrives: waiting for their turn, the tables of a
 *   page would grow old in memory
 */
export async function* readAhead<Listed, Page extends { width: PageWidth }>(
  objects: readonly Listed[],
  read: (listed: readonly Listed[]) => Promise<Page>,
): AsyncGenerator<Page> {
  let place = 0;
  let size = MOST_KEYS;
  let consumerWaits = false;
  let next: Promise<Page> | undefined;
  const readNext = (): void => {
    next = undefined;
    if (place >= objects.length) return;
    const listed = objects.slice(place, place + size);
    place += listed.length;
    next = read(listed).then((page) => {
      size = sizeAfter(page.width);
      if (consumerWaits) {
        consumerWaits = false;
        readNext();
      }
      return page;
    });
    // It may fail while nobody waits for it yet; who waits later still hears of it.
    next.catch(() => undefined);
  };
  readNext();
  try {
    while (next !== undefined) {
      const awaited: Promise<Page> = next;
      consumerWaits = true;
      const current = await awaited;
      if (consumerWaits) {
        // It had arrived before anybody waited for it.
        consumerWaits = false;
        readNext();
      }
      yield current;
    }
  } finally {
    consumerWaits = false;
    await next?.catch(() => undefined);
  }
}

function sizeAfter({ tables, columns }: PageWidth): number {
  if (tables === 0) return MOST_KEYS;
  const wanted = Math.floor((WANTED_COLUMNS * tables) / Math.max(columns, 1));
  return Math.min(MOST_KEYS, Math.max(wanted, 10));
}
