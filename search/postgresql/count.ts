import type { Facet, SearchAnswer, SearchRequest } from '../port.js';
import {
  ageOf,
  groupConditions,
  LABEL_COLUMNS,
  type Piece,
  together,
  updatedCondition,
  valuesOf,
} from './facet-sql.js';
import type { Shown } from './groups.js';
import type { Snapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import { rarestFirst, type ShareOf } from './usual-lexemes.js';

/** Values of one facet beyond this are not listed. */
const MOST_VALUES = 100;

/** What is counted by: a reading's ways to match. */
interface Counting {
  ways: string[][];
  shareOf: ShareOf;
}

export interface Counted {
  total: number;
  facets: SearchAnswer['facets'];
}

/**
 * Counts what matches, in all and by facet. Each facet is counted without its own filter, so that choosing one value
 * does not hide the others; never without the condition of who may see.
 * @param reading what it matches; undefined counts everything
 * @param seen what the searcher may see, without the filters
 */
export async function countFacets(
  snapshot: Snapshot,
  tables: Tables,
  reading: Counting | undefined,
  { visibleTo, filters, facets, publicMarks = [] }: SearchRequest,
  seen: Shown,
): Promise<Counted> {
  const seenGroups = together(groupConditions({ visibleTo, filters: {} }));
  const matched = matchedGroups(tables, reading, seen, facets.includes('updated') || filters.updated !== undefined);
  const parts = [undefined, ...facets].map((facet): Piece => {
    const others = { ...filters, ...(facet ? { [facet]: undefined } : {}) };
    const where = together([
      ...groupConditions({ visibleTo: 'everything', filters: others, publicMarks }),
      ...updatedCondition({ sql: 'age', bindings: [] }, others),
    ]);
    if (facet === undefined)
      return {
        sql: `(SELECT '' AS facet, NULL AS value, NULL AS label, coalesce(sum(n), 0)::integer AS n FROM counted WHERE ${where.sql})`,
        bindings: where.bindings,
      };
    const label = LABEL_COLUMNS[facet];
    const values = valuesOf(facet, publicMarks);
    return {
      // A value of null is no value: it cannot be chosen.
      sql: `(SELECT '${facet}' AS facet, v.value::text AS value, ${label === undefined ? 'NULL' : `max(${label})`}::text AS label,
                    sum(n)::integer AS n
             FROM counted CROSS JOIN LATERAL (${values.sql}) AS v
             WHERE v.value IS NOT NULL AND ${where.sql}
             GROUP BY v.value
             ORDER BY n DESC, value LIMIT ${MOST_VALUES})`,
      bindings: [...values.bindings, ...where.bindings],
    };
  });

  const { rows } = await snapshot.raw<{
    rows: { facet: Facet | ''; value: string; label: string | null; n: number }[];
  }>(
    `WITH matched AS MATERIALIZED (
       ${matched.sql}
     ), counted AS MATERIALIZED (
       SELECT g.*, matched.age, matched.n
       FROM matched JOIN ${tables.group} g ON g.id = matched.group_id
       WHERE ${seenGroups.sql}
     )
     ${parts.map(({ sql }) => sql).join(' UNION ALL ')}`,
    [...matched.bindings, ...seenGroups.bindings, ...parts.flatMap(({ bindings }) => bindings)],
  );
  const counted: Counted = { total: 0, facets: Object.fromEntries(facets.map((facet) => [facet, []])) };
  for (const { facet, value, label, n } of rows) {
    if (facet === '') counted.total = n;
    else counted.facets[facet]?.push({ value, ...(label === null ? {} : { label }), count: n });
  }
  return counted;
}

/** The groups of what matches. Everything is counted in the groups already, except by age. */
function matchedGroups(
  tables: Tables,
  reading: Counting | undefined,
  seen: Shown,
  byAge: boolean,
): { sql: string; bindings: (string | string[] | number[])[] } {
  if (reading === undefined && !byAge)
    return {
      sql: `SELECT id AS group_id, NULL::integer AS age, documents AS n FROM ${tables.group} WHERE documents > 0`,
      bindings: [],
    };
  const ways = reading === undefined ? [] : reading.ways.map((parts) => rarestFirst(parts, reading.shareOf));
  const age = byAge ? ageOf('changed_at') : { sql: 'NULL::integer', bindings: [] };
  return {
    sql: `SELECT group_id, ${age.sql} AS age, count(*) AS n
          FROM ${tables.document}
          WHERE ${ways.length === 0 ? 'TRUE' : `(${ways.map((parts) => parts.map(() => 'words @@ ?::tsquery').join(' AND ')).join(' OR ')})`} ${seen.condition}
          GROUP BY 1, 2`,
    bindings: [...age.bindings, ...ways.flat(), ...seen.bindings],
  };
}
