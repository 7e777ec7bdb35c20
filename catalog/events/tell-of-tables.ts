import type { PoolClient } from 'pg';

/** What became of an entity of the map. */
export interface TableChange {
  entityId: string;
  kind: string;
  change: 'added' | 'changed' | 'removed' | 'restored' | 'held';
}

/** Tables that are named one by one; of more, a reader that wants to know asks for the run's changes or the list. */
const MOST_NAMED = 50;

/** What an event tells of tables that something became of. */
export interface EventOfTables {
  counts: Record<Exclude<TableChange['change'], 'held'>, number>;
  tables: { id: string; change: string }[];
  /** How many are not named. */
  more: number;
}

/** By whom: the crawler whose database it is, and the run that did it; null outside of runs. */
interface Teller {
  crawlerId: string;
  runId: string | null;
}

/**
 * Tells whoever follows events what became of tables of a database, in the transaction that does it. Nothing is told of
 * those that are held: they stand as they did.
 */
export async function tellOfTables(
  client: PoolClient,
  databaseId: string,
  by: Teller,
  changes: readonly TableChange[],
): Promise<void> {
  const event = tablesOf(changes);
  if (event !== undefined) await tellOf(client, databaseId, by, event);
}

/** What there is to tell of changes; undefined when nothing. */
export function tablesOf(changes: readonly TableChange[]): EventOfTables | undefined {
  const told = changes.filter(({ kind, change }) => kind === 'table' && change !== 'held');
  if (told.length === 0) return undefined;
  const counts = { added: 0, changed: 0, removed: 0, restored: 0, held: 0 };
  for (const { change } of told) counts[change] += 1;
  const { held: _, ...shown } = counts;
  return {
    counts: shown,
    tables: told.slice(0, MOST_NAMED).map(({ entityId, change }) => ({ id: entityId, change })),
    more: Math.max(0, told.length - MOST_NAMED),
  };
}

/** Writes such an event. */
export async function tellOf(
  client: PoolClient,
  databaseId: string,
  { crawlerId, runId }: Teller,
  event: EventOfTables,
): Promise<void> {
  await client.query(
    `INSERT INTO event (type, collected_database_id, crawler_id, data) VALUES ('tables.changed', $1, $2, $3)`,
    [databaseId, crawlerId, JSON.stringify({ databaseId, crawlerId, runId, ...event })],
  );
}
