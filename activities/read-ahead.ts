import type { DatabaseReader, ReadPage } from '../connectors/contract.js';

/** Most keys a connector takes at once. */
const MOST_KEYS = 1_000;
/** Columns a page should hold at most, going by the page before: wide tables would fill the memory otherwise. */
const WANTED_COLUMNS = 50_000;

/** Some listed objects and what the source says of them. */
export interface ReadObjects<Listed> {
  listed: readonly Listed[];
  page: ReadPage;
}

/**
 * Reads objects page by page, one page ahead of whoever consumes them: the source works on the next page while the
 * last one is hashed and staged. Leaving the loop early waits for the page that is under way.
 * @param keyOf the source's own key of an object
 */
export async function* readAhead<Listed>(
  reader: Pick<DatabaseReader, 'read'>,
  objects: readonly Listed[],
  keyOf: (object: Listed) => string,
): AsyncGenerator<ReadObjects<Listed>> {
  let place = 0;
  let size = MOST_KEYS;
  const readNext = (): Promise<ReadObjects<Listed>> | undefined => {
    if (place >= objects.length) return undefined;
    const listed = objects.slice(place, place + size);
    place += listed.length;
    const reading = reader.read(listed.map(keyOf)).then((page) => ({ listed, page }));
    // It may fail while nobody waits for it yet; who waits later still hears of it.
    reading.catch(() => undefined);
    return reading;
  };
  let next = readNext();
  try {
    while (next !== undefined) {
      const current = await next;
      size = pageSizeAfter(current.page);
      next = readNext();
      yield current;
    }
  } finally {
    await next?.catch(() => undefined);
  }
}

function pageSizeAfter({ tables }: ReadPage): number {
  if (tables.length === 0) return MOST_KEYS;
  const columns = tables.reduce((sum, { structure }) => sum + structure.columns.length, 0);
  const wanted = Math.floor((WANTED_COLUMNS * tables.length) / Math.max(columns, 1));
  return Math.min(MOST_KEYS, Math.max(wanted, 10));
}
