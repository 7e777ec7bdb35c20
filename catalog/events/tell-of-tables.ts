import type { PoolClient } from 'pg';

/** What became of an entity of the map. */
export interface TableChange {
  entityId: string;
  kind: string;
  change: 'added' | 'changed' | 'removed' | 'restored' | 'held';
}

/** Tables that are named one by one; of more, a reader that wants to know asks for the run's changes or the list. */
const MOST_NAMED = 50;

/**
 * Tells whoever follows events what became of tables of a database, in the transaction that does it. Nothing is told of
 * those that are held: they stand as they did.
 * @param by the crawler whose database it is, and the run that did it; null outside of runs
 */
export async function tellOfTables(
  client: PoolClient,
  databaseId: string,
  { crawlerId, runId }: { crawlerId: string; runId: string | null },
  changes: readonly TableChange[],
): Promise<void> {
  const told = changes.filter(({ kind, change }) => kind === 'table' && change !== 'held');
  if (told.length === 0) return;
  const counts = { added: 0, changed: 0, removed: 0, restored: 0, held: 0 };
  for (const { change } of told) counts[change] += 1;
  const { held: _, ...shown } = counts;
  const data = {
    databaseId,
    crawlerId,
    runId,
    counts: shown,
    tables: told.slice(0, MOST_NAMED).map(({ entityId, change }) => ({ id: entityId, change })),
    more: Math.max(0, told.length - MOST_NAMED),
  };
  await client.query(
    `INSERT INTO event (type, collected_database_id, crawler_id, data) VALUES ('tables.changed', $1, $2, $3)`,
    [databaseId, crawlerId, JSON.stringify(data)],
  );
}
