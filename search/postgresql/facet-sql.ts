import { FACETS, type Facet, type SearchRequest } from '../port.js';
import { isUpdated, rangeOf, UPDATED } from '../updated.js';

/** A piece of SQL and what its question marks stand for. */
export interface Piece {
  sql: string;
  bindings: (string | string[] | number[])[];
}

/** A list as PostgreSQL writes arrays of text. The driver goes through each element, which takes long for ten thousand. */
export function textArray(texts: readonly string[]): string {
  if (texts.length === 0) return '{}';
  // Quoted, nothing but these two means anything; ids have neither.
  const escaped = /["\\]/.test(texts.join('')) ? texts.map((text) => text.replace(/["\\]/g, '\\$&')) : texts;
  return `{"${escaped.join('","')}"}`;
}

/** What facets are decided by: who may see, the filters, and which databases are public. */
export type Narrowed = Pick<SearchRequest, 'visibleTo' | 'filters' | 'publicMarks'>;

/** The column of `search_group`, as text, that holds a facet of one value. */
const COLUMNS: Record<Exclude<Facet, 'tag' | 'updated' | 'visibility'>, string> = {
  kind: 'kind',
  type: 'type',
  sourceType: 'source_type',
  dataSourceId: 'data_source_id',
  workspaceId: 'workspace_id',
  database: 'database',
  schema: 'schema',
  owner: 'owner',
  hasDescription: 'has_description::text',
  hasLineage: 'has_lineage::text',
};

/** The column with the words for people, where a facet's value is an id. */
export const LABEL_COLUMNS: Partial<Record<Facet, string>> = {
  dataSourceId: 'data_source_name',
  workspaceId: 'workspace_name',
};

/**
 * Which of the times that the values of `updated` begin at a document is of: 0 for older than all, 4 for today. Groups
 * do not know it, since it changes by itself.
 */
export function ageOf(column: string): Piece {
  const starts = ['1y', '30d', '7d', 'today'].map((value) => rangeOf(value as (typeof UPDATED)[number]).from as number);
  return { sql: `width_bucket(${column}, ?::bigint[])`, bindings: [starts] };
}

/** The ages that count for a value of `updated`. */
function agesOf(value: string): number[] {
  if (!isUpdated(value)) return [];
  return value === 'older' ? [0] : [1, 2, 3, 4].slice(3 - UPDATED.indexOf(value));
}

/** The values that a row of counted groups has of a facet, as a query with the column `value`. */
export function valuesOf(facet: Facet, publicMarks: readonly string[] = []): Piece {
  switch (facet) {
    case 'tag':
      return { sql: 'SELECT unnest(tags) AS value', bindings: [] };
    case 'visibility':
      return { sql: `SELECT ${VISIBILITY} AS value`, bindings: [[...publicMarks]] };
    case 'updated': {
      const pairs = UPDATED.flatMap((value) => agesOf(value).map((age) => ({ value: value as string, age })));
      return {
        sql: 'SELECT u.value FROM unnest(?::text[], ?::integer[]) AS u (value, age) WHERE u.age = counted.age',
        bindings: [pairs.map(({ value }) => value), pairs.map(({ age }) => age)],
      };
    }
    default:
      return { sql: `SELECT ${COLUMNS[facet]} AS value`, bindings: [] };
  }
}

const VISIBILITY = `CASE WHEN visible_to = ANY (?::text[]) THEN 'tenant' ELSE 'workspace' END`;

/** Visibility and filters as conditions on `search_group`, all but `updated`. An empty list of values passes nothing. */
export function groupConditions({ visibleTo, filters, publicMarks = [] }: Narrowed): Piece[] {
  const conditions: Piece[] = [];
  if (visibleTo !== 'everything')
    conditions.push({ sql: 'visible_to = ANY (?::text[])', bindings: [textArray(visibleTo)] });
  for (const facet of FACETS) {
    const values = filters[facet];
    if (values === undefined || facet === 'updated') continue;
    if (facet === 'tag') conditions.push({ sql: 'tags && ?::text[]', bindings: [values] });
    else if (facet === 'visibility')
      conditions.push({ sql: `${VISIBILITY} = ANY (?::text[])`, bindings: [[...publicMarks], values] });
    else conditions.push({ sql: `${COLUMNS[facet]} = ANY (?::text[])`, bindings: [values] });
  }
  return conditions;
}

/** The filter on the time of the last change, where there is one, on an age as {@link ageOf} has it. */
export function updatedCondition(age: Piece, { updated }: SearchRequest['filters']): Piece[] {
  if (updated === undefined) return [];
  const ages = [...new Set(updated.flatMap(agesOf))];
  return [{ sql: `${age.sql} = ANY (?::integer[])`, bindings: [...age.bindings, ages] }];
}

/** Conditions as one; TRUE for none. */
export function together(pieces: readonly Piece[]): Piece {
  return {
    sql: pieces.length === 0 ? 'TRUE' : pieces.map(({ sql }) => sql).join(' AND '),
    bindings: pieces.flatMap(({ bindings }) => bindings),
  };
}
