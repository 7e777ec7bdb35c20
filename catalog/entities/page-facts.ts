import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** What an entity's page says of it beside what it is. */
export interface PageFacts {
  /** Whether the asker marked it. */
  favourite: boolean;
  views: { today: number; last30Days: number };
  /** The last run that worked on its database; null before the first, or once that run is forgotten. */
  lastRun: { id: string; number: number } | null;
}

/** Whether the asker may see the entity has been asked before. */
export async function pageFacts(database: Database, personId: string, entityId: string): Promise<PageFacts> {
  const [facts] = await query<PageFacts>(
    database,
    `SELECT EXISTS (SELECT FROM favourite f WHERE f.entity_id = e.id AND f.person_id = :personId) AS favourite,
            v.views,
            CASE WHEN r.id IS NOT NULL THEN jsonb_build_object('id', r.id, 'number', r.number) END AS "lastRun"
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id
       LEFT JOIN crawl_run r ON r.id = d.last_run_id
       CROSS JOIN LATERAL (
         SELECT jsonb_build_object(
                  'today', count(*) FILTER (WHERE w.day = (now() AT TIME ZONE 'UTC')::date),
                  'last30Days', count(*)
                ) AS views
           FROM entity_view w
          WHERE w.entity_id = e.id AND w.day > (now() AT TIME ZONE 'UTC')::date - 30
       ) v
      WHERE e.id = :entityId`,
    { personId, entityId },
  );
  return facts ?? { favourite: false, views: { today: 0, last30Days: 0 }, lastRun: null };
}
