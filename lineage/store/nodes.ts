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
     ORDER BY 1
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

/** Something that is not on the map, as OpenLineage names data sets, e.g. `postgres://db:5432` and `shop.public.orders`. */
export interface ExternalName {
  namespace: string;
  name: string;
}

/** The same text for the same external name. */
export const externalKey = ({ namespace, name }: ExternalName): string => JSON.stringify([namespace, name]);

/** Nodes of what is not on the map, made where there are none; by `externalKey`, ids as decimal text. */
export async function nodesOfExternals(
  database: Database,
  externals: readonly ExternalName[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = JSON.stringify(externals.map(({ namespace, name }) => ({ namespace, name })));
  await query(
    database,
    `INSERT INTO lineage_node (namespace, name)
     SELECT DISTINCT w.namespace, w.name
     FROM jsonb_to_recordset(?) AS w(namespace text, name text)
     ORDER BY w.namespace, w.name
     ON CONFLICT (namespace, name) WHERE entity_id IS NULL AND workspace_id IS NULL DO NOTHING`,
    [wanted],
  );
  const rows = await query<ExternalName & { id: string }>(
    database,
    `SELECT DISTINCT n.id, n.namespace, n.name
     FROM jsonb_to_recordset(?) AS w(namespace text, name text)
     JOIN lineage_node n ON n.namespace = w.namespace AND n.name = w.name AND n.entity_id IS NULL
          AND n.workspace_id IS NULL`,
    [wanted],
  );
  return new Map(rows.map(({ id, ...name }) => [externalKey(name), id]));
}
