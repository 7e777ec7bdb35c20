import type { DatabaseReader, ReadPage } from '../connectors/contract.js';

/** Most keys a connector takes at once. */
const MOST_KEYS = 1_000;
/** Columns a page should hold at most, going by the page before: wide tables would fill the memory otherwise. */
const WANTED_COLUMNS = 50_000;

/**
 * Reads objects page by page, one page ahead of whoever consumes them: the source works on the next page while the
 * last one is staged. Leaving the loop early waits for the page that is under way.
 * @param keyOf the source's own key of an object
 * @param digest makes of a page what is kept of it. Called as the page arrives, so that its thousand tables of many
 *   objects each are gone again before the next page comes: waiting for their turn, they would grow old in memory.
 */
export async function* readAhead<Listed, Digest>(
  reader: Pick<DatabaseReader, 'read'>,
  objects: readonly Listed[],
  keyOf: (object: Listed) => string,
  digest: (listed: readonly Listed[], page: ReadPage) => Digest,
): AsyncGenerator<Digest> {
  let place = 0;
  let size = MOST_KEYS;
  const readNext = (): Promise<Digest> | undefined => {
    if (place >= objects.length) return undefined;
    const listed = objects.slice(place, place + size);
    place += listed.length;
    const reading = reader.read(listed.map(keyOf)).then((page) => {
      size = pageSizeAfter(page);
      return digest(listed, page);
    });
    // It may fail while nobody waits for it yet; who waits later still hears of it.
    reading.catch(() => undefined);
    return reading;
  };
  let next = readNext();
  try {
    while (next !== undefined) {
      const current = await next;
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
