import type { PoolClient } from 'pg';
import type { Change, MergedPage } from './merge-upserts.js';
import { ENQUEUE_FOR_SEARCH, RECORD_CHANGES } from './publish-sql.js';
import type { PublishedCounts } from './publishing-unit.js';

/**
 * Notes what a page did with its run and for search, in the page's transaction.
 * @returns the highest entry in the search outbox; null when search has nothing to do
 */
export async function recordChanges(
  client: PoolClient,
  { runId, crawlerId }: { runId: string; crawlerId: string },
  { changes, forSearch }: MergedPage,
): Promise<string | null> {
  if (changes.length > 0) {
    await client.query(RECORD_CHANGES, [
      runId,
      changes.map(({ entityId }) => entityId),
      changes.map(({ change }) => change),
      changes.map(({ fromVersion }) => fromVersion),
      changes.map(({ toVersion }) => toVersion),
    ]);
  }
  if (forSearch.length === 0) return null;
  const { rows } = await client.query<{ mark: string }>(ENQUEUE_FOR_SEARCH, [crawlerId, forSearch]);
  return rows[0]?.mark ?? null;
}

/** Adds what was done to tables to the counts of a unit. */
export function countChanges(before: PublishedCounts, changes: readonly Change[]): PublishedCounts {
  const counts = { ...before };
  for (const { kind, change } of changes) if (kind === 'table') counts[change] += 1;
  return counts;
}
