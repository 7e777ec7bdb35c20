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

/**
 * The ids of a page, gone through database by database: each gives its first few, so that many of databases that the asker
 * does not see, or does not ask for, cost nothing.
 */
const PAGE = `
  SELECT first.id
    FROM collected_database d
   CROSS JOIN unnest(:statuses::text[]) AS wanted (status)
   CROSS JOIN LATERAL (
     SELECT s.id
       FROM description_suggestion s
       JOIN entity e ON e.id = s.entity_id AND e.removed_at IS NULL
      WHERE s.collected_database_id = d.id AND s.status = wanted.status AND s.id > CAST(:after AS bigint)
        AND (:entityId::bigint IS NULL OR s.entity_id = :entityId::bigint)
        AND (:ids::bigint[] IS NULL OR s.id = ANY (:ids::bigint[]))
        AND (:confidence::text[] IS NULL OR s.confidence = ANY (:confidence::text[]))
        AND (:kindOf::text IS NULL OR (s.column_name = '') = (:kindOf::text = 'tables'))
      ORDER BY s.id
      LIMIT :limit
   ) first
   WHERE :visible
     AND (:workspaceId::uuid IS NULL OR d.workspace_id = :workspaceId::uuid)
     AND (:databaseId::bigint IS NULL OR d.id = :databaseId::bigint)
     AND (:crawlerId::uuid IS NULL OR d.crawler_id = :crawlerId::uuid)
     AND (:entityId::bigint IS NULL OR d.id = (SELECT collected_database_id FROM entity WHERE id = :entityId::bigint))
   ORDER BY first.id
   LIMIT :limit`;

function bindingsOf(
  filter: SuggestionFilter & { ids?: readonly string[] | undefined },
  { after, limit, visible }: { after: string; limit: number; visible: Knex.Raw },
) {
  return {
    statuses: [...new Set(filter.status ?? ['open'])],
    workspaceId: filter.workspaceId ?? null,
    entityId: filter.entityId ?? null,
    databaseId: filter.databaseId ?? null,
    crawlerId: filter.crawlerId ?? null,
    confidence: filter.confidence === undefined ? null : [...filter.confidence],
    kindOf: filter.of ?? null,
    ids: filter.ids === undefined ? null : [...filter.ids],
    after,
    limit,
    visible,
  };
}

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
  const [after = '0'] = decodeCursor(page.cursor, [DECIMAL]) ?? [];
  const rows = await query<Suggestion>(
    database,
    `SELECT ${COLUMNS} ${FROM} WHERE s.id IN (${PAGE}) ORDER BY s.id`,
    bindingsOf(filter, { after, limit: page.limit + 1, visible }),
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
    `SELECT page.id::text AS id FROM (${PAGE}) page`,
    bindingsOf({ ...filter, status: ['open'] }, { after: '0', limit, visible }),
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
