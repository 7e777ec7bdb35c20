import type { Database } from '../db/database.js';
import { allDocuments, documentsOf } from './documents.js';
import type { SearchDocument, SearchIndex } from './port.js';
import { TURNS, type Turn, takeTurn } from './turns.js';

/** Thrown when a rebuild is at work already. */
export class RebuildRunning extends Error {
  readonly code = 'REBUILD_RUNNING';
  readonly remedy =
    'Wait for it to end, or end the process that runs it; a rebuild that was ended leaves the index as it was.';

  constructor() {
    super('The search index is being rebuilt already.');
    this.name = 'RebuildRunning';
  }
}

export interface RebuildOptions {
  /** Told how many documents have been read so far. */
  onProgress?: (documents: number) => void;
  signal?: AbortSignal;
}

/**
 * Fills a new index from the catalog and swaps it for the old one, which answers until then. Changes that are drained
 * meanwhile go to the old index and are remembered; at the end draining pauses, they are indexed once more, and the
 * swap is made before it goes on. So the new index is behind in nothing.
 * @returns how many documents the new index holds
 * @throws {RebuildRunning} when there is one already
 */
export async function rebuildIndex(
  database: Database,
  index: SearchIndex,
  { onProgress = () => undefined, signal }: RebuildOptions = {},
): Promise<number> {
  const rebuild = await takeTurn(database, TURNS.rebuild, { patience: 0 });
  if (rebuild === undefined) throw new RebuildRunning();
  let draining: Turn | undefined;
  try {
    await forgetEarlierRedo(database, signal);
    let removed: string[] = [];
    let read = 0;
    const pages = async function* (): AsyncGenerator<SearchDocument[]> {
      for await (const page of allDocuments(database)) {
        signal?.throwIfAborted();
        yield page;
        read += page.length;
        onProgress(read);
      }
      draining = await pauseDraining(database, signal);
      const changed = await documentsOf(database, await redo(database));
      removed = changed.remove;
      if (changed.put.length > 0) yield changed.put;
    };
    const held = await index.rebuild(pages());
    if (removed.length > 0) await index.write({ put: [], remove: removed });
    await database.raw('DELETE FROM search_redo');
    return held;
  } finally {
    await draining?.end();
    await rebuild.end();
  }
}

/** From here on every drain sees that a rebuild is at work: none is in between, since this has been its turn. */
async function forgetEarlierRedo(database: Database, signal: AbortSignal | undefined): Promise<void> {
  const turn = await pauseDraining(database, signal);
  try {
    await database.raw('DELETE FROM search_redo');
  } finally {
    await turn.end();
  }
}

async function pauseDraining(database: Database, signal: AbortSignal | undefined): Promise<Turn> {
  for (;;) {
    const turn = await takeTurn(database, TURNS.drain, { patience: 60_000, signal });
    if (turn !== undefined) return turn;
    signal?.throwIfAborted();
  }
}

async function redo(database: Database): Promise<string[]> {
  const { rows } = await database.raw<{ rows: { entity_id: string }[] }>('SELECT entity_id FROM search_redo');
  return rows.map(({ entity_id }) => entity_id);
}
