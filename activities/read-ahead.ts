import { setImmediate } from 'node:timers/promises';
import { columnCount } from '../catalog/model/columns-text.js';
import type { DatabaseReader, ReadPage } from '../connectors/contract.js';

/** Most keys a connector takes at once. */
const MOST_KEYS = 1_000;
/** Columns a page should hold at most, going by the page before: wide tables would fill the memory otherwise. */
const WANTED_COLUMNS = 50_000;

/**
 * Reads objects page by page, one page ahead of whoever consumes them: the source works on the next page while the
 * last one is digested and staged. Leaving the loop early waits for the page that is under way.
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
  let consumerWaits = false;
  let next: Promise<Digest> | undefined;
  const readNext = (): void => {
    next = undefined;
    if (place >= objects.length) return;
    const listed = objects.slice(place, place + size);
    place += listed.length;
    next = reader.read(listed.map(keyOf)).then(async (page) => {
      size = pageSizeAfter(page);
      if (consumerWaits) {
        consumerWaits = false;
        readNext();
        // The source gets the request before this thread is taken up by the digest.
        await setImmediate();
      }
      return digest(listed, page);
    });
    // It may fail while nobody waits for it yet; who waits later still hears of it.
    next.catch(() => undefined);
  };
  readNext();
  try {
    while (next !== undefined) {
      const awaited: Promise<Digest> = next;
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

function pageSizeAfter({ tables }: ReadPage): number {
  if (tables.length === 0) return MOST_KEYS;
  const columns = tables.reduce((sum, { structure }) => sum + columnCount(structure), 0);
  const wanted = Math.floor((WANTED_COLUMNS * tables.length) / Math.max(columns, 1));
  return Math.min(MOST_KEYS, Math.max(wanted, 10));
}
