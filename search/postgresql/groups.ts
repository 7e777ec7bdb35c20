import { createHash } from 'node:crypto';
import type { Database } from '../../db/database.js';
import type { SearchDocument } from '../port.js';
import {
  ageOf,
  groupConditions,
  type Narrowed,
  type Piece,
  textArray,
  together,
  updatedCondition,
} from './facet-sql.js';
import type { SeenCount, SeenCounts } from './seen-counts.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';

/** A distinct set of facet values. */
export interface Group {
  digest: string;
  visibleTo: string;
  kind: string;
  type: string;
  sourceType: string;
  dataSourceId: string;
  dataSourceName: string;
  workspaceId: string;
  workspaceName: string;
  database: string;
  schema: string | null;
  owner: string | null;
  hasDescription: boolean;
  tags: string[];
  hasLineage: boolean;
}

/** The group of a document. The digest is its identity. */
export function groupOf(document: SearchDocument): Group {
  const group = {
    visibleTo: document.visibleTo,
    kind: document.kind,
    type: document.type,
    sourceType: document.sourceType,
    dataSourceId: document.dataSourceId,
    dataSourceName: document.dataSourceName,
    workspaceId: document.workspaceId,
    workspaceName: document.workspaceName,
    database: document.database,
    schema: document.schema,
    owner: document.owner,
    hasDescription: hasDescription(document),
    tags: document.tags,
    hasLineage: document.hasLineage,
  };
  return {
    ...group,
    digest: createHash('sha256')
      .update(JSON.stringify(Object.values(group)))
      .digest('hex'),
  };
}

/** Whether anybody, the source or a person, says what it is. */
export function hasDescription(document: SearchDocument): boolean {
  return Boolean(document.comment?.trim()) || Boolean(document.description?.trim());
}

/** The ids of groups, made where they are new. */
export async function groupIds(
  database: Database,
  tables: Tables,
  groups: readonly Group[],
): Promise<Map<string, number>> {
  if (groups.length === 0) return new Map();
  await database.raw(
    `INSERT INTO ${tables.group} (digest, visible_to, kind, type, source_type, data_source_id, data_source_name,
                                  workspace_id, workspace_name, database, schema, owner, has_description, tags, has_lineage)
     SELECT decode(digest, 'hex'), "visibleTo", kind, type, "sourceType", "dataSourceId", "dataSourceName",
            "workspaceId", "workspaceName", database, schema, owner, "hasDescription", tags, "hasLineage"
     FROM json_to_recordset(?::json)
          AS g (digest text, "visibleTo" text, kind text, type text, "sourceType" text, "dataSourceId" text,
                "dataSourceName" text, "workspaceId" text, "workspaceName" text, database text, schema text,
                owner text, "hasDescription" boolean, tags text[], "hasLineage" boolean)
     WHERE NOT EXISTS (SELECT FROM ${tables.group} known WHERE known.digest = decode(g.digest, 'hex'))`,
    [JSON.stringify(groups)],
  );
  const { rows } = await database.raw<{ rows: { id: number; digest: string }[] }>(
    `SELECT id, encode(digest, 'hex') AS digest
     FROM ${tables.group}
     WHERE digest = ANY (SELECT decode(d, 'hex') FROM unnest(?::text[]) AS d)`,
    [groups.map(({ digest }) => digest)],
  );
  return new Map(rows.map(({ id, digest }) => [digest, id]));
}

/** What may be shown, as a condition on documents that starts with AND, and its bindings. Empty when all may. */
export interface Shown {
  condition: string;
  bindings: (string | string[] | number[])[];
  /** Whether the documents are few enough to be fetched by the index of groups and sorted. */
  few: boolean;
  /** Whether the condition can be asked of the words of names too (name-words.ts), which do not know when something changed. */
  ofNames: boolean;
  /** How many documents it is, with those that the time of their last change leaves out. */
  documents: number;
}

/** Up to this part of all documents, looking their groups up by index pays; each is then named by its id. */
const FEW = 0.02;

/**
 * What the searcher may see and what passes the filters. Where that is few documents, the index of groups is combined
 * with that of words. Where it is many, each document that matches is looked at; IS TRUE keeps PostgreSQL from
 * turning that into joins and index scans, which take the longer the more may be seen.
 * @param counts where counts of a while ago do
 */
export async function shownBy(
  snapshot: Snapshot,
  tables: Tables,
  { visibleTo, filters, publicMarks = [] }: Narrowed,
  counts?: SeenCounts,
): Promise<Shown> {
  const all = groupConditions({ visibleTo, filters, publicMarks });
  const filtered = groupConditions({ visibleTo: 'everything', filters, publicMarks });
  const passing = together(all);
  const count = () => countShown(snapshot, filtered.length === 0 ? tables.audience : tables.group, passing);
  const { documents, everything } =
    counts !== undefined && filtered.length === 0 && isShort(visibleTo)
      ? await counts.of(visibleTo === 'everything' ? visibleTo : textArray(visibleTo), count)
      : await count();
  const updated = updatedCondition(ageOf('changed_at'), filters).map(({ sql, bindings }) => ({
    condition: ` AND (${sql}) IS TRUE`,
    bindings,
  }));
  const few = all.length > 0 && documents <= FEW * everything;
  const shown: Shown = { condition: '', bindings: [], few, ofNames: !few && updated.length === 0, documents };
  if (shown.few) {
    const groups = await snapshot.raw<{ rows: { ids: number[] }[] }>(
      `SELECT coalesce(array_agg(id), '{}') AS ids FROM ${tables.group} WHERE documents > 0 AND ${passing.sql}`,
      passing.bindings,
    );
    shown.condition = 'AND group_id = ANY (?::integer[])';
    shown.bindings.push(groups.rows[0]?.ids ?? []);
  } else {
    if (visibleTo !== 'everything') {
      const marks = await marksOf(snapshot, tables, visibleTo);
      shown.condition += marks.condition;
      shown.bindings.push(...marks.bindings);
    }
    if (filtered.length > 0) {
      const { sql, bindings } = together(filtered);
      shown.condition += ` AND (group_id IN (SELECT id FROM ${tables.group} WHERE ${sql})) IS TRUE`;
      shown.bindings.push(...bindings);
    }
  }
  for (const { condition, bindings } of updated) {
    shown.condition += condition;
    shown.bindings.push(...bindings);
  }
  return shown;
}

async function countShown(snapshot: Snapshot, table: string, passing: Piece): Promise<SeenCount> {
  // Planned each time: a list that is known when planned is hashed, and ten thousand marks are gone through otherwise.
  const { rows } = await snapshot.raw<{ rows: SeenCount[] }>(
    // Without filters, marks of visibility are enough to count by: some hundreds instead of some thousands.
    `SELECT coalesce(sum(documents) FILTER (WHERE ${passing.sql}), 0)::integer AS documents,
            coalesce(sum(documents), 0)::integer AS everything
     FROM ${table}`,
    passing.bindings,
  );
  return rows[0] ?? { documents: 0, everything: 0 };
}

/** As queries, since these are hashed in a prepared statement too: a list there is gone through for each row. */
const SEEN = 'AND (visible_to IN (SELECT unnest(?::text[]))) IS TRUE';
const HIDDEN = 'AND (visible_to NOT IN (SELECT unnest(?::text[]))) IS TRUE';

/** Longer lists are compared with what the index has. */
const MANY_MARKS = 100;

/** Whether what somebody may see is said as it is, whatever the index has. */
export function isShort(visibleTo: Narrowed['visibleTo']): boolean {
  return visibleTo === 'everything' || visibleTo.length <= MANY_MARKS;
}

/**
 * Visibility as a condition on documents. Who may see ten thousand databases sees nearly all that there are: then it is
 * shorter to name the marks that they do not see. Both lists are of this transaction's moment, in which every document
 * is counted by its mark; so one says the same as the other, and a mark that the searcher's list does not have is hidden.
 */
async function marksOf(
  snapshot: Snapshot,
  tables: Tables,
  visibleTo: readonly string[],
): Promise<Pick<Shown, 'condition' | 'bindings'>> {
  if (isShort(visibleTo)) return { condition: SEEN, bindings: [textArray(visibleTo)] };
  const { rows } = await snapshot.raw<{ rows: { seen: string | null; hidden: string | null }[] }>(
    // As text, which goes back as it came.
    `SELECT CASE WHEN count(*) FILTER (WHERE seen) <= count(*) FILTER (WHERE NOT seen)
                 THEN coalesce(array_agg(visible_to) FILTER (WHERE seen), '{}') END::text AS seen,
            CASE WHEN count(*) FILTER (WHERE seen) > count(*) FILTER (WHERE NOT seen)
                 THEN coalesce(array_agg(visible_to) FILTER (WHERE NOT seen), '{}') END::text AS hidden
     FROM (SELECT visible_to, visible_to = ANY (?::text[]) AS seen FROM ${tables.audience} WHERE documents > 0) AS marks`,
    [textArray(visibleTo)],
  );
  const { seen = '{}', hidden } = rows[0] ?? {};
  if (hidden === '{}') return { condition: '', bindings: [] };
  return typeof hidden === 'string'
    ? { condition: HIDDEN, bindings: [hidden] }
    : { condition: SEEN, bindings: [seen ?? '{}'] };
}
