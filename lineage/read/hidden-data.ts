import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/**
 * Which of these processes also move data of a database that may not be seen, as it stands now: what a job is called, and why
 * a view or statement is not read whole, is then left out. The database that a job is kept with is the most hidden one of when
 * it was drawn, and there may be several.
 * @param visible a condition on `collected_database` under the alias `d`
 */
export async function processesOfHiddenData(
  database: Database,
  processIds: readonly string[],
  visible: Knex.Raw,
): Promise<Set<string>> {
  if (processIds.length === 0) return new Set();
  const rows = await query<{ id: string }>(
    database,
    `WITH hidden AS MATERIALIZED (SELECT d.id FROM collected_database d WHERE NOT coalesce((:visible), false))
     SELECT p.id
     FROM unnest(CAST(:processIds AS bigint[])) AS p(id)
     WHERE EXISTS (
       SELECT
       FROM lineage_edge l
       WHERE l.process_id = p.id AND l.valid_to IS NULL
         AND (l.upstream_database_id IN (SELECT id FROM hidden) OR l.downstream_database_id IN (SELECT id FROM hidden))
     )`,
    { processIds: [...processIds], visible },
  );
  return new Set(rows.map(({ id }) => id));
}
