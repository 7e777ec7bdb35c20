import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { facet, type OutputDataset, ownFacet } from './facets.js';

/** Databases in one event, and schemas of one. An event is read by people and kept by its receiver for good. */
const MOST_DATABASES = 500;
const MOST_SCHEMAS = 100;

/**
 * The databases that the run collected, by name: one data set each with its schemas and counts, and not one for each of what
 * may be ten thousand tables, whose own lineage the map has.
 * @param namespace of the source's server
 */
export async function datasetsOfRun(database: Database, runId: string, namespace: string): Promise<OutputDataset[]> {
  const rows = await query<{
    name: string;
    status: string;
    counts: Record<string, number>;
    tables: number | null;
    schemas: { name: string; tables: number }[] | null;
  }>(
    database,
    `SELECT u.database_name AS name, u.status, u.counts, d.table_count AS tables, s.schemas
     FROM crawl_unit u
     JOIN collected_database d ON d.id = u.collected_database_id
     LEFT JOIN LATERAL (
       SELECT jsonb_agg(jsonb_build_object('name', n.name, 'tables', n.tables) ORDER BY n.name) AS schemas
       FROM (
         SELECT e.name, (
                  SELECT count(*)
                  FROM entity t
                  WHERE t.collected_database_id = d.id AND t.kind = 'table' AND t.schema_name = e.name
                    AND t.removed_at IS NULL
                ) AS tables
         FROM entity e
         WHERE e.collected_database_id = d.id AND e.kind = 'schema' AND e.removed_at IS NULL
         ORDER BY e.name
         LIMIT ${MOST_SCHEMAS}
       ) n
     ) s ON true
     WHERE u.run_id = ? AND u.status IN ('done', 'partial')
     ORDER BY u.unit
     LIMIT ${MOST_DATABASES}`,
    [runId],
  );
  return rows.map(({ name, status, counts, tables, schemas }) => ({
    namespace,
    name,
    facets: {
      dataSource: facet('1-0-1/DatasourceDatasetFacet', { name, uri: `${namespace}/${encodeURIComponent(name)}` }),
      datasetType: facet('1-0-1/DatasetTypeDatasetFacet', { datasetType: 'DATABASE' }),
      ...(schemas === null
        ? {}
        : {
            schema: facet('1-2-0/SchemaDatasetFacet', {
              fields: schemas.map((schema) => ({
                name: schema.name,
                type: 'schema',
                description: `${schema.tables} ${schema.tables === 1 ? 'table' : 'tables'}`,
              })),
            }),
          }),
      datamap_collected: ownFacet('collected', { status, tablesOnMap: tables, counts }),
    },
  }));
}
