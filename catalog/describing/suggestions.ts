import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';

export const SUGGESTION_STATUSES = ['open', 'accepted', 'rejected', 'stale', 'overtaken', 'refused'] as const;
export type SuggestionStatus = (typeof SUGGESTION_STATUSES)[number];

/** What a model suggests for a table or a column, or suggested. */
export interface Suggestion {
  id: string;
  workspaceId: string;
  entity: { id: string; guid: string; type: string; name: string; database: string; schema: string | null };
  /** Null for the table itself. */
  column: string | null;
  status: SuggestionStatus;
  /** Markdown without HTML; null where the answer was refused. */
  description: string | null;
  confidence: 'high' | 'medium' | 'low' | null;
  refusedBecause: string | null;
  model: string;
  language: string;
  askedAt: Date;
  /** Of the whole request, which most often asked about more than this. */
  tokens: { prompt: number; completion: number };
  inputsDigest: string;
  /** Whether the person who accepted it changed it first. */
  edited: boolean;
  reason: string | null;
  decidedBy: { id: string; name: string } | null;
  decidedAt: Date | null;
}

export interface SuggestionFilter {
  status?: readonly SuggestionStatus[] | undefined;
  workspaceId?: string | undefined;
  entityId?: string | undefined;
  databaseId?: string | undefined;
  crawlerId?: string | undefined;
  confidence?: readonly ('high' | 'medium' | 'low')[] | undefined;
  /** Of tables, or of columns, alone. */
  of?: 'tables' | 'columns' | undefined;
}

const COLUMNS = `
  s.id::text AS id, d.workspace_id AS "workspaceId",
  jsonb_build_object('id', e.id::text, 'guid', split_part(e.guid, '#', 1), 'type', e.type, 'name', e.name,
                     'database', d.name, 'schema', e.schema_name) AS entity,
  nullif(s.column_name, '') AS "column", s.status, s.description, s.confidence, s.refused_because AS "refusedBecause",
  w.model, w.language, w.asked_at AS "askedAt",
  jsonb_build_object('prompt', w.prompt_tokens, 'completion', w.completion_tokens) AS tokens,
  w.inputs_digest AS "inputsDigest", s.edited, s.reason, s.decided_at AS "decidedAt",
  CASE WHEN p.id IS NOT NULL THEN jsonb_build_object('id', p.id, 'name', p.name) END AS "decidedBy"`;

const FROM = `
  FROM description_suggestion s
  JOIN description_answer w ON w.id = s.answer_id
  JOIN entity e ON e.id = s.entity_id
  JOIN collected_database d ON d.id = e.collected_database_id
  LEFT JOIN person p ON p.id = s.decided_by`;

/** The conditions of a filter; of living tables alone. */
const FILTERED = `
  e.removed_at IS NULL
  AND s.status = ANY (:statuses::text[])
  AND (:workspaceId::uuid IS NULL OR d.workspace_id = :workspaceId::uuid)
  AND (:entityId::bigint IS NULL OR s.entity_id = :entityId::bigint)
  AND (:databaseId::bigint IS NULL OR d.id = :databaseId::bigint)
  AND (:crawlerId::uuid IS NULL OR d.crawler_id = :crawlerId::uuid)
  AND (:confidence::text[] IS NULL OR s.confidence = ANY (:confidence::text[]))
  AND (:kindOf::text IS NULL OR (s.column_name = '') = (:kindOf::text = 'tables'))`;

const bindingsOf = (filter: SuggestionFilter) => ({
  statuses: [...(filter.status ?? ['open'])],
  workspaceId: filter.workspaceId ?? null,
  entityId: filter.entityId ?? null,
  databaseId: filter.databaseId ?? null,
  crawlerId: filter.crawlerId ?? null,
  confidence: filter.confidence === undefined ? null : [...filter.confidence],
  kindOf: filter.of ?? null,
});

/**
 * Lists suggestions in the order in which they came, so that what a table was asked at once stands together.
 * @param visible a condition on collected_database under the alias `d`
 * @throws InvalidCursor
 */
export async function listSuggestions(
  database: Database,
  filter: SuggestionFilter,
  page: { cursor?: string | undefined; limit: number },
  visible: Knex.Raw,
): Promise<Page<Suggestion>> {
  const [after] = decodeCursor(page.cursor, [DECIMAL]) ?? ['0'];
  const rows = await query<Suggestion>(
    database,
    `SELECT ${COLUMNS} ${FROM}
      WHERE ${FILTERED} AND s.id > CAST(:after AS bigint) AND :visible
      ORDER BY s.id
      LIMIT :limit + 1`,
    { ...bindingsOf(filter), after: after ?? '0', visible, limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    (row) => row,
    ({ id }) => [id],
  );
}

/** The first open ones that fit, by id, of one workspace. */
export async function openSuggestions(
  database: Database,
  filter: SuggestionFilter & { workspaceId: string; ids?: readonly string[] | undefined },
  limit: number,
  visible: Knex.Raw,
): Promise<string[]> {
  const rows = await query<{ id: string }>(
    database,
    `SELECT s.id::text AS id ${FROM}
      WHERE ${FILTERED} AND (:ids::bigint[] IS NULL OR s.id = ANY (:ids::bigint[])) AND :visible
      ORDER BY s.id
      LIMIT :limit`,
    {
      ...bindingsOf({ ...filter, status: ['open'] }),
      ids: filter.ids === undefined ? null : [...filter.ids],
      visible,
      limit,
    },
  );
  return rows.map(({ id }) => id);
}

/** @throws NotFound also for what may not be seen */
export async function getSuggestion(
  database: Database,
  id: string,
  visible: Knex.Raw,
): Promise<Suggestion & { inputs: Record<string, unknown> }> {
  const [row] = await query<Suggestion & { inputs: Record<string, unknown> }>(
    database,
    `SELECT ${COLUMNS}, w.inputs ${FROM} WHERE s.id = :id AND :visible`,
    { id, visible },
  );
  if (row === undefined) throw new NotFound('suggestion', id);
  return row;
}
