import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';
import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';
import { type EntityKind, type EntitySummary, SUMMARY_COLUMNS } from './entity.js';

export interface TombstoneFilter {
  kind?: EntityKind | undefined;
  databaseId?: string | undefined;
  schema?: string | undefined;
  crawlerId?: string | undefined;
  dataSourceId?: string | undefined;
  workspaceId?: string | undefined;
}

/**
 * Lists what was removed and is not purged yet, the last first. Only of workspaces: what was public within the tenant is
 * nobody else's business once it is gone.
 * @throws InvalidCursor
 */
export async function listTombstones(
  database: Database,
  filter: TombstoneFilter,
  page: { cursor?: string | undefined; limit: number },
  visible: VisibleWorkspaces,
): Promise<Page<EntitySummary>> {
  const [at, id] = decodeCursor(page.cursor, [DECIMAL, DECIMAL]) ?? [];
  const rows = await query<EntitySummary & { place: string }>(
    database,
    `SELECT ${SUMMARY_COLUMNS}, (extract(epoch FROM e.removed_at) * 1000000)::bigint AS place
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id
       LEFT JOIN source_object o ON o.entity_id = e.id
      WHERE e.removed_at IS NOT NULL AND d.retiring_at IS NULL
        AND (:visible::uuid[] IS NULL OR d.workspace_id = ANY (:visible::uuid[]))
        AND (:kind::text IS NULL OR e.kind = :kind)
        AND (:databaseId::bigint IS NULL OR e.collected_database_id = :databaseId::bigint)
        AND (:schema::text IS NULL OR e.schema_name = :schema)
        AND (:crawlerId::uuid IS NULL OR d.crawler_id = :crawlerId::uuid)
        AND (:dataSourceId::uuid IS NULL OR d.data_source_id = :dataSourceId::uuid)
        AND (:workspaceId::uuid IS NULL OR d.workspace_id = :workspaceId::uuid)
        AND (:id::bigint IS NULL OR (e.removed_at, e.id) < (timestamptz 'epoch' + :at::bigint * interval '1 microsecond', :id::bigint))
      ORDER BY e.removed_at DESC, e.id DESC
      LIMIT :limit + 1`,
    {
      visible: visibleBinding(visible),
      kind: filter.kind ?? null,
      databaseId: filter.databaseId ?? null,
      schema: filter.schema ?? null,
      crawlerId: filter.crawlerId ?? null,
      dataSourceId: filter.dataSourceId ?? null,
      workspaceId: filter.workspaceId ?? null,
      at: at ?? null,
      id: id ?? null,
      limit: page.limit,
    },
  );
  return pageOf(
    rows,
    page.limit,
    ({ place: _, ...entity }) => entity,
    (row) => [row.place, row.id],
  );
}
