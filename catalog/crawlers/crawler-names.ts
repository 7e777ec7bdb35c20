import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';

/** What some crawlers are called, by id; without those the asker may not see. */
export async function crawlerNames(
  database: Database,
  ids: readonly string[],
  visible: VisibleWorkspaces,
): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await query<{ id: string; name: string }>(
    database,
    `SELECT id, name
       FROM crawler
      WHERE id = ANY (:ids::uuid[]) AND (:visible::uuid[] IS NULL OR workspace_id = ANY (:visible::uuid[]))`,
    { ids: [...ids], visible: visibleBinding(visible) },
  );
  return new Map(rows.map((row) => [row.id, row.name]));
}
