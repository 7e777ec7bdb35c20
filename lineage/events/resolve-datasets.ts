import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { SCHEMES } from './namespace.js';

const schemes = Object.entries(SCHEMES)
  .map(([type, scheme]) => `('${type}', '${scheme}')`)
  .join(', ');

/** What the address of a data source, and the instance that it is known by, are as namespaces. */
export const OF_ADDRESS = `
  SELECT DISTINCT s.id AS data_source_id, lower(t.scheme || '://' || n.address) AS namespace, s.type, s.instance
  FROM data_source s
  JOIN (VALUES ${schemes}) AS t(type, scheme) ON t.type = s.type
  CROSS JOIN LATERAL (VALUES ((s.config ->> 'host') || ':' || (s.config ->> 'port')), (s.instance)) AS n(address)
  WHERE n.address IS NOT NULL`;

/**
 * Which data source a namespace means: by an alias, for events of its workspace and those of the whole tenant; else by the
 * source's own address.
 */
export const KNOWN = `
  SELECT a.namespace, a.workspace_id AS told_by, s.type, s.instance, 0 AS rank
  FROM lineage_namespace a
  JOIN data_source s ON s.id = a.data_source_id
  UNION
  SELECT namespace, NULL, type, instance, 1
  FROM (${OF_ADDRESS}) o`;

/** Of a data set by the name it has, by those that its events say it has too, and by those of one that names it so. */
const NAMES = `
  SELECT s.id, s.workspace_id, s.namespace, s.name, 0 AS rank
  FROM lineage_dataset s
  JOIN wanted w ON w.id = s.id
  UNION ALL
  SELECT s.id, s.workspace_id, y.namespace, y.name, 1
  FROM lineage_dataset s
  JOIN wanted w ON w.id = s.id
  JOIN lineage_symlink y ON y.dataset_id = s.id
  UNION ALL
  SELECT s.id, s.workspace_id, o.namespace, o.name, 2
  FROM lineage_dataset s
  JOIN wanted w ON w.id = s.id
  JOIN lineage_symlink y ON y.namespace = s.namespace AND y.name = s.name AND y.dataset_id <> s.id
  JOIN lineage_dataset o ON o.id = y.dataset_id AND o.workspace_id IS NOT DISTINCT FROM s.workspace_id`;

/** A name is database.schema.table or database.table, and any of these may hold dots: every place is tried. */
const FOUND = `
  SELECT DISTINCT ON (n.id) n.id AS dataset_id, e.id AS entity_id,
         n.workspace_id IS NOT NULL AND n.workspace_id IS DISTINCT FROM d.workspace_id AS borrowed
  FROM names n
  JOIN known k ON k.namespace = n.namespace
              AND (k.told_by IS NULL OR n.workspace_id IS NULL OR k.told_by = n.workspace_id)
  JOIN collected_database d ON d.source_type = k.type AND d.instance = k.instance AND d.retiring_at IS NULL
                           AND starts_with(n.name, d.name || '.')
  CROSS JOIN LATERAL (SELECT substr(n.name, length(d.name) + 2) AS path) r
  CROSS JOIN LATERAL (
    SELECT left(r.path, dot - 1) AS schema, substr(r.path, dot + 1) AS name, 0 AS rank
    FROM generate_series(2, length(r.path) - 1) dot
    WHERE substr(r.path, dot, 1) = '.'
    UNION ALL
    -- Emitters leave out the schema that the source would look into by itself.
    SELECT 'public', r.path, 1
    WHERE k.type = 'postgresql'
    UNION ALL
    SELECT NULL, r.path, 2
  ) x
  CROSS JOIN LATERAL (
    SELECT e.id
    FROM entity e
    WHERE e.collected_database_id = d.id AND e.kind = 'table' AND e.removed_at IS NULL
      AND e.schema_name = x.schema AND e.name = x.name
    UNION ALL
    SELECT e.id
    FROM entity e
    WHERE e.collected_database_id = d.id AND e.kind = 'table' AND e.removed_at IS NULL
      AND e.schema_name IS NULL AND x.schema IS NULL AND e.name = x.name
  ) e
  WHERE n.workspace_id IS NULL OR d.workspace_id = n.workspace_id OR d.visibility = 'tenant'
  ORDER BY n.id, n.rank, k.rank, (n.workspace_id = d.workspace_id) DESC NULLS LAST, x.rank, e.id`;

/** The name of what is not on the map: a table's rather than that of the files it stands in. */
const OUTSIDE = `
  SELECT s.id AS dataset_id, s.workspace_id, coalesce(own.namespace, other.namespace, s.namespace) AS namespace,
         coalesce(own.name, other.name, s.name) AS name
  FROM lineage_dataset s
  JOIN wanted w ON w.id = s.id
  LEFT JOIN LATERAL (
    SELECT y.namespace, y.name
    FROM lineage_symlink y
    WHERE y.dataset_id = s.id AND y.type = 'TABLE'
    ORDER BY y.namespace, y.name
    LIMIT 1
  ) own ON true
  LEFT JOIN LATERAL (
    SELECT coalesce(t.namespace, o.namespace) AS namespace, coalesce(t.name, o.name) AS name
    FROM lineage_symlink y
    JOIN lineage_dataset o ON o.id = y.dataset_id AND o.workspace_id IS NOT DISTINCT FROM s.workspace_id
    LEFT JOIN LATERAL (
      SELECT u.namespace, u.name
      FROM lineage_symlink u
      WHERE u.dataset_id = o.id AND u.type = 'TABLE'
      ORDER BY u.namespace, u.name
      LIMIT 1
    ) t ON true
    WHERE y.namespace = s.namespace AND y.name = s.name AND y.dataset_id <> s.id
    ORDER BY 1, 2
    LIMIT 1
  ) other ON true`;

/**
 * Looks for what data sets stand for: a table that the workspace of their events has or that is public within the tenant,
 * else something outside of the map. Returns those that stand for something else than before.
 */
export async function resolveDatasets(transaction: Database, datasetIds: readonly string[]): Promise<string[]> {
  if (datasetIds.length === 0) return [];
  await query(
    transaction,
    `CREATE TEMPORARY TABLE stands_for ON COMMIT DROP AS
     WITH wanted AS MATERIALIZED (SELECT DISTINCT unnest(?::bigint[]) AS id),
          known AS MATERIALIZED (${KNOWN}),
          names AS MATERIALIZED (${NAMES}),
          found AS MATERIALIZED (${FOUND}),
          outside AS MATERIALIZED (${OUTSIDE})
     SELECT o.*, f.entity_id, coalesce(f.borrowed, false) AS borrowed
     FROM outside o
     LEFT JOIN found f USING (dataset_id)`,
    [[...datasetIds]],
  );
  for (const statement of MAKE_NODES) await query(transaction, statement);
  const changed = (await query<{ id: string }>(transaction, STAND_FOR)).map(({ id }) => id);
  await query(transaction, LOOKED_FOR);
  await query(transaction, 'DROP TABLE stands_for');
  if (changed.length > 0) await query(transaction, NAMED_BY, [changed]);
  return changed;
}

const LOOKED_FOR = `
  UPDATE lineage_dataset s
  SET look_again = false
  FROM stands_for w
  WHERE s.id = w.dataset_id AND s.look_again`;

/** Those of which the changed ones say that they are the same. */
const NAMED_BY = `
  UPDATE lineage_dataset s
  SET look_again = true
  FROM lineage_symlink y
  JOIN lineage_dataset o ON o.id = y.dataset_id
  WHERE y.dataset_id = ANY(?::bigint[]) AND s.namespace = y.namespace AND s.name = y.name AND s.id <> o.id
    AND s.workspace_id IS NOT DISTINCT FROM o.workspace_id AND s.node_id IS DISTINCT FROM o.node_id`;

const MAKE_NODES = [
  `INSERT INTO lineage_node (entity_id)
   SELECT DISTINCT entity_id FROM stands_for WHERE entity_id IS NOT NULL ORDER BY 1
   ON CONFLICT (entity_id) DO NOTHING`,
  `INSERT INTO lineage_node (namespace, name, workspace_id)
   SELECT DISTINCT namespace, name, workspace_id FROM stands_for WHERE entity_id IS NULL ORDER BY 1, 2, 3
   ON CONFLICT DO NOTHING`,
];

const STAND_FOR = `
  UPDATE lineage_dataset s
  SET node_id = w.node_id, known = w.known, borrowed = w.borrowed
  FROM (
    SELECT f.dataset_id, f.borrowed, true AS known, n.id AS node_id
    FROM stands_for f
    JOIN lineage_node n ON n.entity_id = f.entity_id
    UNION ALL
    SELECT f.dataset_id, false, false, n.id
    FROM stands_for f
    JOIN lineage_node n ON n.namespace = f.namespace AND n.name = f.name AND n.workspace_id = f.workspace_id
                       AND n.entity_id IS NULL
    WHERE f.entity_id IS NULL
    UNION ALL
    SELECT f.dataset_id, false, false, n.id
    FROM stands_for f
    JOIN lineage_node n ON n.namespace = f.namespace AND n.name = f.name AND n.workspace_id IS NULL
                       AND n.entity_id IS NULL
    WHERE f.entity_id IS NULL AND f.workspace_id IS NULL
  ) w
  WHERE s.id = w.dataset_id AND (s.node_id, s.borrowed) IS DISTINCT FROM (w.node_id, w.borrowed)
    -- A table that was removed keeps its name until another one has it.
    AND (w.known OR NOT s.known OR s.node_id IS NULL)
  RETURNING s.id`;
