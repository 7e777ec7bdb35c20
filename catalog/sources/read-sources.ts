import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { ANY_TEXT, decodeCursor, type Page, pageOf, UUID } from '../model/cursor.js';

import { type VisibleWorkspaces, visibleBinding } from '../model/visible-workspaces.js';
import type { DataSource } from './data-source.js';
import { sealedNames } from './seal-secrets.js';

type Row = Omit<DataSource, 'secrets'> & { sealed: Buffer | null };

const SELECT = `
  SELECT s.id, s.workspace_id AS "workspaceId", s.name, s.description, s.type, s.instance, s.environment, s.region,
         s.config, s.limits, s.secret_sealed AS sealed, s.secret_refs AS "secretRefs", s.created_by AS "createdBy",
         s.created_at AS "createdAt", s.updated_at AS "updatedAt", s.version,
         (SELECT count(*)::int FROM crawler c WHERE c.data_source_id = s.id) AS crawlers
    FROM data_source s`;

/** Who may see it is the caller's to check, by its workspace. @throws NotFound */
export async function getSource(database: Database, id: string): Promise<DataSource> {
  const [row] = await query<Row>(database, `${SELECT} WHERE s.id = ?`, [id]);
  if (row === undefined) throw new NotFound('data source', id);
  return toSource(row);
}

/** Data sources by name. `text` is looked for in name, type and instance, whatever the case. */
export async function listSources(
  database: Database,
  request: {
    visible: VisibleWorkspaces;
    filters?: { workspaceId?: string; type?: string; text?: string };
    cursor?: string;
    limit: number;
  },
): Promise<Page<DataSource>> {
  const [name, id] = decodeCursor(request.cursor, [ANY_TEXT, UUID]) ?? [];
  const rows = await query<Row & { sortName: string }>(
    database,
    `SELECT * FROM (${SELECT}
      WHERE (:visible::uuid[] IS NULL OR s.workspace_id = ANY (:visible::uuid[]))
        AND (:workspaceId::uuid IS NULL OR s.workspace_id = :workspaceId::uuid)
        AND (:type::text IS NULL OR s.type = :type)
        AND (:search::text IS NULL OR position(lower(:search) IN lower(concat_ws(' ', s.name, s.type, s.instance))) > 0)
        AND (:id::uuid IS NULL OR (lower(s.name), s.id) > (:name::text, :id::uuid))
      ORDER BY lower(s.name), s.id
      LIMIT :limit + 1) page, LATERAL (SELECT lower(page.name) AS "sortName") sort
      ORDER BY "sortName", id`,
    {
      visible: visibleBinding(request.visible),
      workspaceId: request.filters?.workspaceId ?? null,
      type: request.filters?.type ?? null,
      search: request.filters?.text || null,
      name: name ?? null,
      id: id ?? null,
      limit: request.limit,
    },
  );
  return pageOf(
    rows,
    request.limit,
    ({ sortName: _, ...row }) => toSource(row),
    (row) => [row.sortName, row.id],
  );
}

function toSource({ sealed, ...row }: Row): DataSource {
  return {
    ...row,
    secrets: Object.fromEntries([
      ...sealedNames(sealed).map((name) => [name, 'set'] as const),
      ...Object.keys(row.secretRefs).map((name) => [name, 'reference'] as const),
    ]),
  };
}
