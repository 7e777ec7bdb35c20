import type { Knex } from 'knex';
import { DECIMAL, decodeCursor, encodeCursor } from '../catalog/model/cursor.js';
import { type VisibleWorkspaces, visibleBinding } from '../catalog/model/visible-workspaces.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { type CodeLine, linesOf } from './code-lines.js';
import { type Sought, segmentsOfName } from './highlight.js';
import type { Segment } from './port.js';
import { MISSPELT, meantBy, misspelt, type Sifting, wordForWord } from './sift-names.js';
import { isUnspaced, queryWordsOf } from './words.js';

/** A text of a job that was searched for. */
export interface FoundTaskCode {
  /** Decimal text. */
  jobId: string;
  namespace: string;
  name: string;
  /** The name, cut where the match is. */
  segments: Segment[];
  /** The facet that it came with. A job may have told both. */
  part: 'sql' | 'sourceCode';
  /** Lower case; null where the facet named none. */
  language: string | null;
  /** Whose events told it; null for the whole tenant. */
  workspace: { id: string; name: string } | null;
  /** Since when it is as it is now. */
  changedAt: Date;
  /** When the latest event of the job came. */
  lastSeen: Date;
  /** Those lines of the text in which words stand, at most five. */
  lines: CodeLine[];
}

export interface TaskCodeRequest {
  /** As typed; empty finds all, what changed last first. */
  text: string;
  /** The workspaces whose texts the searcher may read at all. */
  visible: VisibleWorkspaces;
  /** A condition on `lineage_process` under the alias `p`: of which jobs the searcher may read the texts. */
  readable: Knex.Raw;
  language?: readonly string[] | undefined;
  namespace?: readonly string[] | undefined;
  workspaceId?: readonly string[] | undefined;
  cursor?: string | undefined;
  limit: number;
}

interface Answer {
  taskCode: FoundTaskCode[];
  /** How many there are up to this page: all of them where it is the last. */
  total: number;
  totalIsExact: boolean;
  nextCursor?: string;
}

/**
 * Finds the code of jobs: by their names first, of whose words beginnings and misspellings do too, then by the words of the
 * text. It stands in PostgreSQL, whichever engine indexes the map. What may not be read is looked at last, when the best are
 * known, so that of a hundred thousand texts those of a page are looked at.
 * @throws InvalidCursor
 */
export async function findTaskCode(database: Database, request: TaskCodeRequest): Promise<Answer> {
  const words = [...new Set(queryWordsOf(request.text))];
  const after = decodeCursor(request.cursor, [/^[0-6]$/, /^-?\d{1,17}$/, DECIMAL, /^(sql|sourceCode)$/, /^\d{1,9}$/]);
  if (after?.[0] !== String(MISSPELT)) {
    const found = await answer(database, request, words, after, wordForWord(words, request.text));
    if (found.taskCode.length > 0 || after !== undefined) return found;
  }
  const meant = await meantBy(database, 'task_code_word', words);
  if (meant === undefined) return { taskCode: [], total: 0, totalIsExact: true };
  return answer(database, request, [...words, ...meant.flat()], after, misspelt(words, meant));
}

interface Row extends Omit<FoundTaskCode, 'segments' | 'lines'> {
  rank: number;
  /** Microseconds since 1970. */
  place: string;
  text: string;
}

async function answer(
  database: Database,
  request: TaskCodeRequest,
  words: readonly string[],
  after: readonly string[] | undefined,
  { found, rank, bindings }: Sifting,
): Promise<Answer> {
  const [lastRank, place, id, part, before] = after ?? [];
  // Where all are as good, an index has the order; a number would hide it.
  const byRank = /^\d$/.test(rank) ? '' : 'rank, ';
  const rows = await query<Row>(
    database,
    `WITH page AS (
       SELECT t.process_id, t.part, t.rank, p.last_seen
       FROM (
         SELECT t.process_id, t.part, t.changed_at, ${rank} AS rank
         FROM task_code t
         WHERE ${found}
           AND (CAST(:visible AS uuid[]) IS NULL OR t.workspace_id = ANY(CAST(:visible AS uuid[])))
           AND (CAST(:workspaceId AS uuid[]) IS NULL OR t.workspace_id = ANY(CAST(:workspaceId AS uuid[])))
           AND (CAST(:language AS text[]) IS NULL OR t.language = ANY(CAST(:language AS text[])))
           AND (CAST(:namespace AS text[]) IS NULL OR t.namespace = ANY(CAST(:namespace AS text[])))
           AND (CAST(:lastRank AS int) IS NULL OR ${rank} > CAST(:lastRank AS int)
                OR (${rank} = CAST(:lastRank AS int) AND (t.changed_at, t.process_id, t.part)
                    < (timestamptz 'epoch' + CAST(:place AS bigint) * interval '1 microsecond', CAST(:id AS bigint),
                       CAST(:part AS text))))
         ORDER BY ${byRank}t.changed_at DESC, t.process_id DESC, t.part DESC
         -- Sorted before it is asked what may be read, so that it is asked of no more than a page needs.
         OFFSET 0
       ) t
       CROSS JOIN LATERAL (
         SELECT p.last_seen FROM lineage_process p WHERE p.id = t.process_id AND (:readable) OFFSET 0
       ) p
       ORDER BY ${byRank}t.changed_at DESC, t.process_id DESC, t.part DESC
       LIMIT :limit + 1
     )
     SELECT t.process_id AS "jobId", t.namespace, t.name, t.part, t.language, t.changed_at AS "changedAt", t.text,
            page.rank, (extract(epoch FROM t.changed_at) * 1000000)::bigint AS place, page.last_seen AS "lastSeen",
            CASE WHEN w.id IS NOT NULL THEN jsonb_build_object('id', w.id, 'name', w.name) END AS workspace
     FROM page
     JOIN task_code t USING (process_id, part)
     LEFT JOIN workspace w ON w.id = t.workspace_id
     ORDER BY page.rank, t.changed_at DESC, t.process_id DESC, t.part DESC`,
    {
      ...bindings,
      visible: visibleBinding(request.visible),
      readable: request.readable,
      workspaceId: listed(request.workspaceId),
      language: listed(request.language?.map((each) => each.toLowerCase())),
      namespace: listed(request.namespace),
      lastRank: lastRank ?? null,
      place: place ?? null,
      id: id ?? null,
      part: part ?? null,
      limit: request.limit,
    },
  );
  const page = rows.slice(0, request.limit);
  const last = page.at(-1);
  const total = Number(before ?? 0) + page.length;
  const more = rows.length > page.length && last !== undefined;
  return {
    taskCode: page.map((row) => present(row, words, request.text)),
    total,
    totalIsExact: !more,
    ...(more ? { nextCursor: encodeCursor([last.rank, last.place, last.jobId, last.part, total].map(String)) } : {}),
  };
}

const listed = (values: readonly string[] | undefined): string[] | null => (values === undefined ? null : [...values]);

function present({ rank: _, place: __, text, ...row }: Row, words: readonly string[], typed: string): FoundTaskCode {
  const sought: Sought[] = words.map((word) => ({ word, prefix: !isUnspaced(word) }));
  return { ...row, segments: segmentsOfName(row.name, sought, typed), lines: linesOf(text, sought) };
}
