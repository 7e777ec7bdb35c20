import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import type { SearchIndex } from './port.js';
import { rebuildIndex } from './rebuild.js';

/**
 * What documents are made of and taken apart into. Raise it with a change that documents already in an index need too;
 * an index of an earlier version goes on answering until one of this version is filled.
 *
 * 2: names of tables apart from those of columns, compounds taken apart, popularity; documents carry their database.
 * 3: tags and lineage as facets.
 * 4: edges of lineage count as popularity.
 * 5: names where documents are walked by their standing.
 * 6: owners that people named.
 */
export const INDEX_VERSION = 6;

export type Kept = 'current' | 'rebuilt';

/**
 * Rebuilds the index where it is of another version than this program's, or has lost what it held. The old one answers
 * meanwhile, and is swapped when the new one is complete.
 * @param onBegin told why, before a rebuild begins
 * @throws RebuildRunning when another process is at it; asking again later finds it done
 */
export async function keepCurrent(
  database: Database,
  index: SearchIndex,
  { signal, onBegin = () => undefined }: { signal?: AbortSignal; onBegin?: (why: 'version' | 'lost') => void } = {},
): Promise<Kept> {
  await index.prepare();
  const why = await whyToRebuild(database, index);
  if (why !== undefined) {
    onBegin(why);
    await rebuildIndex(database, index, signal === undefined ? {} : { signal });
  }
  await query(
    database,
    `INSERT INTO search_index_state AS s (engine, version) VALUES (:engine, :version)
     ON CONFLICT (engine) DO UPDATE SET version = excluded.version, built_at = now()
     WHERE s.version <> excluded.version`,
    { engine: index.engine, version: INDEX_VERSION },
  );
  // Last: an index that cannot be looked after is none of another version, and must not be filled anew each minute.
  await index.upkeep?.();
  return why === undefined ? 'current' : 'rebuilt';
}

async function whyToRebuild(database: Database, index: SearchIndex): Promise<'version' | 'lost' | undefined> {
  const [state] = await query<{ version: number | null; living: boolean }>(
    database,
    `SELECT (SELECT version FROM search_index_state WHERE engine = :engine) AS version,
            EXISTS (
              SELECT FROM entity e
              WHERE e.removed_at IS NULL AND NOT EXISTS (SELECT FROM search_outbox o WHERE o.entity_id = e.id)
            ) AS living`,
    { engine: index.engine },
  );
  // What waits in the outbox is on its way; an index that is empty before the first crawl has lost nothing.
  if (state?.living !== true) return undefined;
  if (state.version !== INDEX_VERSION) return 'version';
  const { total } = await index.search({ text: '', filters: {}, visibleTo: 'everything', facets: [], limit: 1 });
  return total === 0 ? 'lost' : undefined;
}
