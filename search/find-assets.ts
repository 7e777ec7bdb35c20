import { DECIMAL, decodeCursor, encodeCursor } from '../catalog/model/cursor.js';
import { type VisibleWorkspaces, visibleBinding } from '../catalog/model/visible-workspaces.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { segmentsOfName } from './highlight.js';
import type { Segment } from './port.js';
import { MISSPELT, meantBy, misspelt, type Sifting, wordForWord } from './sift-names.js';
import { isUnspaced, queryWordsOf } from './words.js';

export type AssetKind = 'api' | 'ai-asset';

/** An API or an AI asset that was searched for. */
export interface FoundAsset {
  /** Decimal text. */
  id: string;
  name: string;
  /** The name, cut where the match is. */
  segments: Segment[];
  /** What is known of it, by its kind: as the document or the events told it. */
  details: Record<string, unknown>;
  /** Of an API the document that tells of it. */
  document: { name: string; title: string; version: string; servers: string[] } | null;
  /** Whose it is; null for the whole tenant. */
  workspace: { id: string; name: string } | null;
  /** Since when it is as it is now. */
  changedAt: Date;
}

export interface AssetRequest {
  kind: AssetKind;
  /** As typed; empty finds all, what changed last first. */
  text: string;
  /** The workspaces whose assets the searcher may see; those of no workspace are for who sees everything. */
  visible: VisibleWorkspaces;
  workspaceId?: readonly string[] | undefined;
  cursor?: string | undefined;
  limit: number;
}

interface Answer {
  assets: FoundAsset[];
  /** How many there are up to this page: all of them where it is the last. */
  total: number;
  totalIsExact: boolean;
  nextCursor?: string;
}

/**
 * Finds APIs or AI assets: by their names first, of whose words beginnings and misspellings do too, then by the words of what is said of
 * them. They stand in PostgreSQL, whichever engine indexes the map.
 * @throws InvalidCursor
 */
export async function findAssets(database: Database, request: AssetRequest): Promise<Answer> {
  const words = [...new Set(queryWordsOf(request.text))];
  const after = decodeCursor(request.cursor, [/^[0-6]$/, /^-?\d{1,17}$/, DECIMAL, /^\d{1,9}$/]);
  if (after?.[0] !== String(MISSPELT)) {
    const found = await answer(database, request, words, after, wordForWord(words, request.text));
    if (found.assets.length > 0 || after !== undefined) return found;
  }
  const meant = await meantBy(database, 'asset_word', words);
  if (meant === undefined) return { assets: [], total: 0, totalIsExact: true };
  return answer(database, request, [...words, ...meant.flat()], after, misspelt(words, meant));
}

/** One of them, as it is found; undefined where there is none, or the reader may not see it. */
export async function getAsset(
  database: Database,
  { kind, id, visible }: Pick<AssetRequest, 'kind' | 'visible'> & { id: string },
): Promise<FoundAsset | undefined> {
  const [row] = await query<Row>(
    database,
    `${FOUND}
     WHERE t.kind = :kind AND t.id = :id AND ${SEEN}`,
    { kind, id, visible: visibleBinding(visible) },
  );
  return row === undefined ? undefined : present(row, [], '');
}

interface Row extends Omit<FoundAsset, 'segments'> {
  /** Microseconds since 1970. */
  place: string;
}

/** A data set that turns out to be a table of the map is one, and no AI asset. */
const SEEN = `
         (CAST(:visible AS uuid[]) IS NULL OR t.workspace_id = ANY(CAST(:visible AS uuid[])))
         AND NOT EXISTS (SELECT FROM lineage_dataset s WHERE s.id = t.dataset_id AND s.known)`;

const FOUND = `
  SELECT t.id, t.name, t.details, t.changed_at AS "changedAt", (extract(epoch FROM t.changed_at) * 1000000)::bigint AS place,
         CASE WHEN d.id IS NOT NULL
              THEN jsonb_build_object('name', d.name, 'title', d.title, 'version', d.api_version, 'servers', d.servers) END AS document,
         CASE WHEN w.id IS NOT NULL THEN jsonb_build_object('id', w.id, 'name', w.name) END AS workspace
  FROM asset t
  LEFT JOIN api_document d ON d.id = t.api_document_id
  LEFT JOIN workspace w ON w.id = t.workspace_id`;

async function answer(
  database: Database,
  { kind, text, visible, workspaceId, limit }: AssetRequest,
  words: readonly string[],
  after: readonly string[] | undefined,
  { found, rank, bindings }: Sifting,
): Promise<Answer> {
  const [lastRank, place, id, before] = after ?? [];
  // Where all are as good, an index has the order; a number would hide it.
  const byRank = /^\d$/.test(rank) ? '' : 'rank, ';
  const rows = await query<Row & { rank: number }>(
    database,
    `WITH page AS (
       SELECT t.id, ${rank} AS rank
       FROM asset t
       WHERE t.kind = :kind AND ${found}
         AND (CAST(:workspaceId AS uuid[]) IS NULL OR t.workspace_id = ANY(CAST(:workspaceId AS uuid[])))
         AND ${SEEN}
         AND (CAST(:lastRank AS int) IS NULL OR ${rank} > CAST(:lastRank AS int)
              OR (${rank} = CAST(:lastRank AS int) AND (t.changed_at, t.id)
                  < (timestamptz 'epoch' + CAST(:place AS bigint) * interval '1 microsecond', CAST(:id AS bigint))))
       ORDER BY ${byRank}t.changed_at DESC, t.id DESC
       LIMIT :limit + 1
     )
     SELECT f.*, page.rank
     FROM page
     JOIN (${FOUND}) f USING (id)
     ORDER BY page.rank, f."changedAt" DESC, f.id DESC`,
    {
      ...bindings,
      kind,
      visible: visibleBinding(visible),
      workspaceId: workspaceId === undefined ? null : [...workspaceId],
      lastRank: lastRank ?? null,
      place: place ?? null,
      id: id ?? null,
      limit,
    },
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const total = Number(before ?? 0) + page.length;
  const more = rows.length > page.length && last !== undefined;
  return {
    assets: page.map((row) => present(row, words, text)),
    total,
    totalIsExact: !more,
    ...(more ? { nextCursor: encodeCursor([last.rank, last.place, last.id, total].map(String)) } : {}),
  };
}

function present(row: Row, words: readonly string[], typed: string): FoundAsset {
  const { id, name, details, document, workspace, changedAt } = row;
  const sought = words.map((word) => ({ word, prefix: !isUnspaced(word) }));
  return { id, name, segments: segmentsOfName(name, sought, typed), details, document, workspace, changedAt };
}
