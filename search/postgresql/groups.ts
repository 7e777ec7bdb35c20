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

/** The groups that may be shown; undefined for all. */
export type Groups = { ids: number[]; selective: boolean } | undefined;

/** Up to this part of all documents, their index is worth combining with that of words. */
const SELECTIVE = 0.02;

/**
 * The groups that the searcher may see and that pass the filters. They go into the searching statements as an array of
 * constants, which PostgreSQL hashes; a subquery there would change how it joins.
 */
export async function allowedGroups(
  database: Database,
  tables: Tables,
  { visibleTo, filters }: Pick<SearchRequest, 'visibleTo' | 'filters'>,
): Promise<Groups> {
  const { where, bindings } = groupConditions({ visibleTo, filters });
  if (where.length === 0) return undefined;
  const { rows } = await database.raw<{ rows: { ids: number[]; selective: boolean }[] }>(
    `SELECT coalesce(array_agg(id) FILTER (WHERE ${where.join(' AND ')}), '{}') AS ids,
            coalesce(sum(documents) FILTER (WHERE ${where.join(' AND ')}), 0) <= ?::real * sum(documents) AS selective
     FROM ${tables.group} WHERE documents > 0`,
    [...bindings, ...bindings, SELECTIVE],
  );
  return { ids: rows[0]?.ids ?? [], selective: rows[0]?.selective ?? false };
}

/** The condition that a document is in one of the groups; hidden from the index of groups where that would not pay. */
export function inGroups(groups: Groups): string {
  if (groups === undefined) return '';
  return `AND ${groups.selective ? 'group_id' : 'group_id + 0'} = ANY (?::integer[])`;
}

/** The binding of {@link inGroups}. */
export function bound(groups: Groups): number[][] {
  return groups === undefined ? [] : [groups.ids];
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
