import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { countNeighbours } from '../lineage/store/count-neighbours.js';

/** A map with a graph of lineage over it, as `fillLineage` makes it. */
export interface SyntheticLineage {
  tables: number;
  edges: number;
  /** Entities of the tables, by number from 1: the number is added to this. Tables and nodes have the same. */
  firstEntity: number;
  /** Who reads: a member of this workspace, who sees what is public too. */
  workspaceId: string;
  /** Numbers of the tables that many edges begin at, and of those that many end at. */
  hubs: { from: number; into: number };
}

const DATABASES = 20;
const COLUMNS = 10;
const FILLED = [
  'collected_database',
  'entity',
  'lineage_node',
  'lineage_process',
  'lineage_edge',
  'lineage_column_edge',
  'lineage_degree',
  'lineage_degree_change',
];

/**
 * Fills an empty catalog: `tables` tables in 20 databases of four workspaces, of which one in ten databases is hidden from
 * the reader, and `edges` edges among them. Four fifths of the edges come from one of the 5,000 tables before, half
 * of these from one that many others come from too; a tenth leaves one hub, a tenth ends in another; and there are 10,000
 * diamonds and 1,000 cycles. Each edge has two columns, one of them direct and one that decides which rows there are.
 */
export async function fillLineage(
  database: Database,
  { tables, edges }: { tables: number; edges: number },
): Promise<SyntheticLineage> {
  await query(database, 'SELECT setseed(0.5)');
  const [workspace] = await query<{ id: string }>(
    database,
    `WITH w AS (INSERT INTO workspace (name) SELECT 'lineage ' || i FROM generate_series(1, 4) i RETURNING id),
          first AS (SELECT min(id::text) AS id FROM w),
          g AS (INSERT INTO resource_group (id, name) VALUES ('bench', 'Bench') RETURNING id),
          s AS (
            INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
            SELECT id, 'lineage', 'postgresql', 'lineage-' || id, 'production', '{}' FROM w RETURNING id, workspace_id, instance
          ), c AS (
            INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name)
            SELECT s.workspace_id, s.id, g.id, 'lineage' FROM s CROSS JOIN g RETURNING id, data_source_id
          ), d AS (
            INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name, visibility)
            SELECT c.id, s.id, s.workspace_id, 'postgresql', s.instance, 'db_' || i,
                   CASE WHEN i <= 2 AND s.workspace_id::text <> first.id THEN 'workspace' ELSE 'tenant' END
              FROM generate_series(1, ${DATABASES}) i
              JOIN (SELECT *, row_number() OVER (ORDER BY workspace_id::text) AS place FROM s) s ON s.place = 1 + i % 4
              JOIN c ON c.data_source_id = s.id
             CROSS JOIN first
            RETURNING id
          )
     SELECT first.id, (SELECT count(*) FROM d) AS databases FROM first`,
  );
  if (workspace === undefined) throw new Error('There is no workspace');
  await query(
    database,
    `INSERT INTO entity (guid, kind, type, collected_database_id, schema_name, name, structure, column_count, hash,
                         changed_run_id)
     SELECT 'lineage:' || i, 'table', 'TABLE', d.id, 'public', 'table_' || i, '{"columns": []}', ${COLUMNS},
            '\\x00', gen_random_uuid()
       FROM generate_series(1, CAST(:tables AS integer)) i
       JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM collected_database) d
         ON d.place = i % ${DATABASES}
      ORDER BY i`,
    { tables },
  );
  await query(database, 'INSERT INTO lineage_node (entity_id) SELECT id FROM entity ORDER BY id');
  await query(
    database,
    `INSERT INTO lineage_process (kind, key, name, collected_database_id, state)
     SELECT 'query', id::text, 'load ' || id, collected_database_id, 'parsed' FROM entity ORDER BY id`,
  );
  const hubs = { from: Math.floor(tables / 20) + 1, into: tables - 1 };
  await query(database, EDGES, {
    tables,
    ordinary: Math.floor(edges * 0.8) - 42_000,
    hub: Math.floor(edges / 10),
    from: hubs.from,
    into: hubs.into,
    diamonds: Math.min(10_000, Math.floor(tables / 8)),
  });
  await query(
    database,
    `INSERT INTO lineage_column_edge (edge_id, upstream_column, downstream_column, transformation)
     SELECT id, 'c' || id % ${COLUMNS}, 'c' || (id / 7) % ${COLUMNS}, 'direct' FROM lineage_edge
     UNION ALL
     SELECT id, 'c1', '', 'filter' FROM lineage_edge`,
  );
  await countNeighbours(database);
  for (const table of FILLED) await query(database, `VACUUM (ANALYZE) ${table}`);
  const [made] = await query<{ edges: number; first: string }>(
    database,
    'SELECT (SELECT count(*)::integer FROM lineage_edge) AS edges, (SELECT min(id) FROM entity) AS first',
  );
  return {
    tables,
    edges: made?.edges ?? 0,
    firstEntity: Number(made?.first ?? 1) - 1,
    workspaceId: workspace.id,
    hubs,
  };
}

/** Nodes and processes are numbered as the tables are: all three begin at one in an empty catalog. */
const EDGES = `
  WITH given AS (
    SELECT CAST(:tables AS bigint) AS tables, CAST(:ordinary AS bigint) AS ordinary, CAST(:hub AS bigint) AS hub,
           CAST(:from AS bigint) AS from_hub, CAST(:into AS bigint) AS into_hub, CAST(:diamonds AS bigint) AS diamonds
  )
  INSERT INTO lineage_edge (upstream, downstream, process_id, direct, digest, upstream_database_id,
                            downstream_database_id)
  SELECT DISTINCT upstream, downstream, downstream, true, '\\x00'::bytea, u.collected_database_id, d.collected_database_id
  FROM (
    SELECT CASE WHEN i % 2 = 0 THEN greatest(1, d - 1 - floor(random() * 5000)::bigint)
                ELSE greatest(1, d - 1 - (1 + floor(random() * 4))::bigint * 1000 - d % 1000) END AS upstream,
           d AS downstream
    FROM (
      SELECT i, 1 + floor(random() * tables)::bigint AS d FROM given CROSS JOIN generate_series(1, ordinary) i
    ) ordinary
    UNION ALL
    SELECT from_hub, 1 + i * (tables / hub) FROM given CROSS JOIN generate_series(1, hub - 1) i
    UNION ALL
    SELECT 1 + i * (tables / hub), into_hub FROM given CROSS JOIN generate_series(1, hub - 1) i
    UNION ALL
    SELECT a + shift, a + shift + step
    FROM (SELECT i * (tables / diamonds) AS a FROM given CROSS JOIN generate_series(0, diamonds - 1) i) diamond
    CROSS JOIN (VALUES (1, 1), (1, 2), (2, 2), (3, 1)) AS four(shift, step)
    UNION ALL
    SELECT i * (tables / 1000) + 4, i * (tables / 1000) + 1 FROM given CROSS JOIN generate_series(0, 999) i
  ) drawn
  JOIN entity u ON u.id = upstream
  JOIN entity d ON d.id = downstream
  CROSS JOIN given
  WHERE upstream <> downstream AND upstream BETWEEN 1 AND tables AND downstream BETWEEN 1 AND tables`;
