import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** Nodes of entities, made where there are none. Returns the node of each entity, ids as decimal text. */
export async function nodesOfEntities(
  database: Database,
  entityIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  await query(
    database,
    `INSERT INTO lineage_node (entity_id)
     SELECT DISTINCT unnest(?::bigint[])
     ON CONFLICT (entity_id) DO NOTHING`,
    [[...entityIds]],
  );
  const rows = await query<{ id: string; entity: string }>(
    database,
    'SELECT id, entity_id AS entity FROM lineage_node WHERE entity_id = ANY(?::bigint[])',
    [[...entityIds]],
  );
  return new Map(rows.map(({ id, entity }) => [entity, id]));
}
