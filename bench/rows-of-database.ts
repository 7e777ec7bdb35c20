import type { Database } from '../db/database.js';
import { query } from '../db/query.js';

/**
 * A digest of every row that the map and search hold of some databases, the transaction that wrote each included: it
 * stays the same only while not one of them is even written again as it was.
 */
export async function digestRows(database: Database, names: readonly string[]): Promise<string> {
  const [row] = await query<{ digest: string }>(
    database,
    `WITH theirs AS (
       SELECT e.id
         FROM entity e
         JOIN collected_database d ON d.id = e.collected_database_id
        WHERE d.name = ANY (:names::text[])
     ), lines AS (
       SELECT 'entity' AS relation, e.xmin, e::text AS line FROM entity e JOIN theirs USING (id)
       UNION ALL
       SELECT 'key', o.xmin, o::text FROM source_object o JOIN theirs t ON t.id = o.entity_id
       UNION ALL
       SELECT 'partition', p.xmin, p::text FROM table_partition p JOIN theirs t ON t.id = p.entity_id
       UNION ALL
       SELECT 'change', r.xmin, r::text FROM run_change r JOIN theirs t ON t.id = r.entity_id
       UNION ALL
       SELECT 'document', s.xmin, s.id || s.words::text || s.document::text
         FROM search_document s
         JOIN theirs t ON t.id::text = s.id
     )
     SELECT string_agg(relation || ' ' || rows || ' ' || digest, ', ' ORDER BY relation) AS digest
       FROM (
         SELECT relation, count(*) AS rows, sum(hashtextextended(xmin::text || line, 0)) AS digest
           FROM lines
          GROUP BY relation
       ) AS relations`,
    { names: [...names] },
  );
  return row?.digest ?? '';
}

/** What is still on the map and in search of a database: living entities, their keys, documents, and changes on their way to search. */
export async function leftOf(database: Database, name: string): Promise<Record<string, number>> {
  const [row] = await query<Record<string, number>>(
    database,
    `WITH theirs AS (
       SELECT e.id, e.removed_at
         FROM entity e
         JOIN collected_database d ON d.id = e.collected_database_id
        WHERE d.name = :name
     )
     SELECT (SELECT count(*)::int FROM theirs WHERE removed_at IS NULL) AS entities,
            (SELECT count(*)::int FROM source_object o JOIN theirs t ON t.id = o.entity_id) AS keys,
            (SELECT count(*)::int FROM search_document s JOIN theirs t ON t.id::text = s.id) AS documents,
            (SELECT count(*)::int FROM search_outbox o JOIN theirs t ON t.id = o.entity_id) AS waiting`,
    { name },
  );
  return row ?? {};
}
