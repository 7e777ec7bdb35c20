import type { StoredStructure } from '../catalog/model/stored-structure.js';
import type { Database } from '../db/database.js';
import type { SearchDocument } from './port.js';

/** What the index must be told of some entities: the documents of the living, the ids of the others. */
export interface Documents {
  put: SearchDocument[];
  /** Removed from their source, or no longer known at all. */
  remove: string[];
}

interface EntityRow {
  id: string;
  guid: string;
  kind: SearchDocument['kind'];
  type: string;
  name: string;
  schema_name: string | null;
  owner: string | null;
  comment: string | null;
  description: string | null;
  tags: string[];
  degree: number;
  changed_at: Date;
  database: string;
  collected_database_id: string;
  source_type: string;
  crawler_id: string;
  data_source_id: string;
  data_source_name: string;
  workspace_id: string;
  workspace_name: string;
  opens: string;
  /** JSON, taken apart in this process, which is the cheaper place for it. */
  structure: string;
  /** People's words for columns, by name; null without any. */
  of_columns: Record<string, string> | null;
}

/** Everything a document is made of, in one statement for any number of entities. Restricted by what follows. */
const ENTITIES = `
  SELECT e.id, e.guid, e.kind, e.type, e.name, e.schema_name, e.comment, a.description, g.tags, l.degree, e.changed_at,
         d.name AS database, d.id AS collected_database_id, d.source_type, d.crawler_id,
         s.id AS data_source_id, s.name AS data_source_name,
         w.id AS workspace_id, w.name AS workspace_name,
         coalesce(opened.opens, 0) AS opens,
         coalesce((
           SELECT coalesce(o.name, p.name)
           FROM annotation_owner o
           LEFT JOIN person p ON p.id = o.person_id
           WHERE o.entity_id = e.id AND o.column_name = ''
           ORDER BY o.place
           LIMIT 1
         ), e.owner) AS owner,
         e.structure, n.of_columns
  FROM entity e
  JOIN collected_database d ON d.id = e.collected_database_id
  JOIN data_source s ON s.id = d.data_source_id
  JOIN workspace w ON w.id = d.workspace_id
  LEFT JOIN entity_opens opened ON opened.entity_id = e.id
  LEFT JOIN annotation a ON a.entity_id = e.id AND a.column_name = ''
  CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(t.name ORDER BY lower(t.name)), '{}') AS tags
    FROM annotation_tag l
    JOIN tag t ON t.id = l.tag_id
    WHERE l.entity_id = e.id AND l.column_name = ''
  ) AS g
  -- A hub is a hub from here on: counting all of its edges each time it changes would take longer than the document.
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS degree
    FROM (
      (SELECT FROM lineage_node n JOIN lineage_edge x ON x.downstream = n.id AND x.valid_to IS NULL
       WHERE n.entity_id = e.id LIMIT 1024)
      UNION ALL
      (SELECT FROM lineage_node n JOIN lineage_edge x ON x.upstream = n.id AND x.valid_to IS NULL
       WHERE n.entity_id = e.id LIMIT 1024)
    ) AS edge
  ) AS l
  -- Read once for an entity and not for each of its columns: most have none.
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(n.column_name, concat_ws(' ', n.description, (
             SELECT string_agg(t.name, ' ' ORDER BY lower(t.name))
             FROM annotation_tag l
             JOIN tag t ON t.id = l.tag_id
             WHERE l.entity_id = e.id AND l.column_name = n.column_name
           ))) AS of_columns
    FROM annotation n
    WHERE n.entity_id = e.id AND n.column_name <> ''
  ) AS n
  WHERE e.removed_at IS NULL`;

/** The documents of entities as the catalog has them now. */
export async function documentsOf(database: Database, entityIds: readonly string[]): Promise<Documents> {
  const { rows } = await database.raw<{ rows: EntityRow[] }>(`${ENTITIES} AND e.id = ANY (?::bigint[])`, [
    [...entityIds],
  ]);
  const living = new Set(rows.map(({ id }) => id));
  return { put: rows.map(toDocument), remove: entityIds.filter((id) => !living.has(id)) };
}

/** The documents of everything on the map, in pages in the order of their ids. */
export async function* allDocuments(database: Database, pageSize = 1_000): AsyncGenerator<SearchDocument[]> {
  let after = '0';
  for (;;) {
    const { rows } = await database.raw<{ rows: EntityRow[] }>(
      `${ENTITIES} AND e.id > ?::bigint ORDER BY e.id LIMIT ?`,
      [after, pageSize],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows.map(toDocument);
    after = last.id;
  }
}

function toDocument(row: EntityRow): SearchDocument {
  const { columns = [] } = JSON.parse(row.structure) as StoredStructure;
  const words = new Map(Object.entries(row.of_columns ?? {}));
  const places =
    row.kind === 'database' ? [row.name] : [row.database, ...(row.kind === 'table' ? [row.schema_name] : []), row.name];
  return {
    id: row.id,
    guid: row.guid,
    kind: row.kind,
    type: row.type,
    name: row.name,
    qualifiedName: places.filter((place) => place !== null).join('.'),
    sourceType: row.source_type,
    dataSourceId: row.data_source_id,
    dataSourceName: row.data_source_name,
    workspaceId: row.workspace_id,
    workspaceName: row.workspace_name,
    crawlerId: row.crawler_id,
    database: row.database,
    schema: row.kind === 'schema' ? row.name : row.schema_name,
    owner: row.owner,
    comment: row.comment,
    description: row.description,
    tags: row.tags,
    columnNames: columns.map(({ name }) => name),
    columnComments: columns.map(({ name, comment }) => [comment, words.get(name)].filter(Boolean).join('\n')),
    hasLineage: row.degree > 0,
    visibleTo: row.collected_database_id,
    popularity: Number(row.opens) + row.degree,
    changedAt: row.changed_at.getTime(),
  };
}
