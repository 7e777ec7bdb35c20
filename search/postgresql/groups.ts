import { createHash } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { FACETS, type Facet, type SearchDocument, type SearchRequest } from '../port.js';
import type { Tables } from './tables.js';

/** The column of `search_group`, as text, that holds a facet. */
export const FACET_COLUMNS: Record<Facet, string> = {
  kind: 'kind',
  type: 'type',
  sourceType: 'source_type',
  dataSourceId: 'data_source_id',
  workspaceId: 'workspace_id',
  database: 'database',
  schema: 'schema',
  owner: 'owner',
  hasDescription: 'has_description::text',
};

/** The column with the words for people, where a facet's value is an id. */
export const LABEL_COLUMNS: Partial<Record<Facet, string>> = {
  dataSourceId: 'data_source_name',
  workspaceId: 'workspace_name',
};

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
  await database.raw(
    `INSERT INTO ${tables.group} (digest, visible_to, kind, type, source_type, data_source_id, data_source_name,
                                  workspace_id, workspace_name, database, schema, owner, has_description)
     SELECT decode(digest, 'hex'), "visibleTo", kind, type, "sourceType", "dataSourceId", "dataSourceName",
            "workspaceId", "workspaceName", database, schema, owner, "hasDescription"
     FROM json_to_recordset(?::json)
          AS g (digest text, "visibleTo" text, kind text, type text, "sourceType" text, "dataSourceId" text,
                "dataSourceName" text, "workspaceId" text, "workspaceName" text, database text, schema text,
                owner text, "hasDescription" boolean)
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
  bindings: (string[] | number[])[];
  /** Whether the documents are few enough to be fetched by the index of groups and sorted. */
  few: boolean;
  /** How many documents it is. */
  documents: number;
}

/** Up to this part of all documents, looking their groups up by index pays; each is then named by its id. */
const FEW = 0.02;

/**
 * What the searcher may see and what passes the filters. Where that is few documents, the index of groups is combined
 * with that of words. Where it is many, each document that matches is looked at; IS TRUE keeps PostgreSQL from
 * turning that into joins and index scans, which take the longer the more may be seen.
 */
export async function shownBy(
  database: Database,
  tables: Tables,
  { visibleTo, filters }: Pick<SearchRequest, 'visibleTo' | 'filters'>,
): Promise<Shown> {
  const all = groupConditions({ visibleTo, filters });
  const filtered = groupConditions({ visibleTo: 'everything', filters });
  const passing = all.where.length === 0 ? 'TRUE' : all.where.join(' AND ');
  const { rows } = await database.raw<{ rows: { documents: number; everything: number }[] }>(
    // Without filters, marks of visibility are enough to count by: some hundreds instead of some thousands.
    `SELECT coalesce(sum(documents) FILTER (WHERE ${passing}), 0)::integer AS documents,
            coalesce(sum(documents), 0)::integer AS everything
     FROM ${filtered.where.length === 0 ? tables.audience : tables.group}`,
    all.bindings,
  );
  const { documents = 0, everything = 0 } = rows[0] ?? {};
  if (all.where.length > 0 && documents <= FEW * everything) {
    const groups = await database.raw<{ rows: { ids: number[] }[] }>(
      `SELECT coalesce(array_agg(id), '{}') AS ids FROM ${tables.group} WHERE documents > 0 AND ${passing}`,
      all.bindings,
    );
    const ids = groups.rows[0]?.ids ?? [];
    return { condition: 'AND group_id = ANY (?::integer[])', bindings: [ids], few: true, documents };
  }
  const shown: Shown = { condition: '', bindings: [], few: false, documents };
  if (visibleTo !== 'everything') {
    shown.condition += 'AND (visible_to = ANY (?::text[])) IS TRUE';
    shown.bindings.push([...visibleTo]);
  }
  if (filtered.where.length > 0) {
    shown.condition += ` AND (group_id IN (SELECT id FROM ${tables.group} WHERE ${filtered.where.join(' AND ')})) IS TRUE`;
    shown.bindings.push(...filtered.bindings);
  }
  return shown;
}

/** Visibility and filters as conditions on `search_group`. An empty list of values passes nothing. */
export function groupConditions({ visibleTo, filters }: Pick<SearchRequest, 'visibleTo' | 'filters'>): {
  where: string[];
  bindings: string[][];
} {
  const where: string[] = [];
  const bindings: string[][] = [];
  if (visibleTo !== 'everything') {
    where.push('visible_to = ANY (?::text[])');
    bindings.push([...visibleTo]);
  }
  for (const facet of FACETS) {
    const values = filters[facet];
    if (values === undefined) continue;
    where.push(`${FACET_COLUMNS[facet]} = ANY (?::text[])`);
    bindings.push(values);
  }
  return { where, bindings };
}
