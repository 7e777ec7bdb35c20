import type { Database } from '../../db/database.js';
import type { Facet, SearchAnswer, SearchRequest } from '../port.js';
import { FACET_COLUMNS, groupConditions, LABEL_COLUMNS, type Shown } from './groups.js';
import type { Tables } from './tables.js';

/** Values of one facet beyond this are not listed. */
const MOST_VALUES = 100;

export interface Counted {
  total: number;
  facets: SearchAnswer['facets'];
}

/**
 * Counts what matches, in all and by facet. Each facet is counted without its own filter, so that choosing one value
 * does not hide the others; never without the condition of who may see.
 * @param query a tsquery; undefined counts everything
 * @param seen what the searcher may see, without the filters
 */
export async function countFacets(
  database: Database,
  tables: Tables,
  query: string | undefined,
  { visibleTo, filters, facets }: Pick<SearchRequest, 'visibleTo' | 'filters' | 'facets'>,
  seen: Shown,
): Promise<Counted> {
  const seenGroups = groupConditions({ visibleTo, filters: {} });
  const parts: string[] = [];
  const bindings: (string | string[] | number[])[] = query === undefined ? [] : [query, ...seen.bindings];
  bindings.push(...seenGroups.bindings);
  const part = (facet: Facet | undefined) => {
    const others = groupConditions({
      visibleTo: 'everything',
      filters: { ...filters, ...(facet ? { [facet]: undefined } : {}) },
    });
    const value = facet === undefined ? 'NULL' : FACET_COLUMNS[facet];
    const label = (facet && LABEL_COLUMNS[facet]) ?? 'NULL';
    const where = others.where.length === 0 ? '' : `WHERE ${others.where.join(' AND ')}`;
    // A value of null is no value: it cannot be chosen.
    const having = facet === undefined ? '' : `GROUP BY ${value} HAVING ${value} IS NOT NULL`;
    const aggregate = facet === undefined || label === 'NULL' ? label : `max(${label})`;
    bindings.push(...others.bindings);
    parts.push(
      `(SELECT '${facet ?? ''}' AS facet, ${value}::text AS value, ${aggregate}::text AS label, coalesce(sum(n), 0)::integer AS n
        FROM counted ${where} ${having}
        ORDER BY n DESC, value LIMIT ${MOST_VALUES})`,
    );
  };
  part(undefined);
  for (const facet of facets) part(facet);

  const matched =
    query === undefined
      ? `SELECT id AS group_id, documents AS n FROM ${tables.group} WHERE documents > 0`
      : `SELECT group_id, count(*) AS n FROM ${tables.document} WHERE words @@ ?::tsquery ${seen.condition} GROUP BY group_id`;
  const { rows } = await database.raw<{
    rows: { facet: Facet | ''; value: string; label: string | null; n: number }[];
  }>(
    `WITH matched AS MATERIALIZED (
       ${matched}
     ), counted AS MATERIALIZED (
       SELECT g.*, matched.n
       FROM matched JOIN ${tables.group} g ON g.id = matched.group_id
       ${seenGroups.where.length === 0 ? '' : `WHERE ${seenGroups.where.join(' AND ')}`}
     )
     ${parts.join(' UNION ALL ')}`,
    bindings,
  );
  const counted: Counted = { total: 0, facets: Object.fromEntries(facets.map((facet) => [facet, []])) };
  for (const { facet, value, label, n } of rows) {
    if (facet === '') counted.total = n;
    else counted.facets[facet]?.push({ value, ...(label === null ? {} : { label }), count: n });
  }
  return counted;
}
