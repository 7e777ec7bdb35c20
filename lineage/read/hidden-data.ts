import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/**
 * A condition on the process `p`: whether it moves data of a database that may not be seen, as its edges are now.
 * @param hidden a subquery for the ids of the databases that may not be seen
 */
export const movesHiddenData = (hidden: string): string => `EXISTS (
       SELECT
       FROM lineage_edge l
       WHERE l.process_id = p.id AND l.valid_to IS NULL
         AND (l.upstream_database_id IN (${hidden}) OR l.downstream_database_id IN (${hidden}))
     )`;

/** The databases that may not be seen, by the condition `:visible` on `collected_database` under the alias `d`. */
export const HIDDEN_DATABASES = 'SELECT d.id FROM collected_database d WHERE NOT coalesce((:visible), false)';

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
    `WITH hidden AS MATERIALIZED (${HIDDEN_DATABASES})
     SELECT p.id
     FROM unnest(CAST(:processIds AS bigint[])) AS p(id)
     WHERE ${movesHiddenData('SELECT id FROM hidden')}`,
    { processIds: [...processIds], visible },
  );
  return new Set(rows.map(({ id }) => id));
}
