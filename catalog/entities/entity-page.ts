import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { ANNOTATION_COLUMNS, type Annotation, NOTHING_WRITTEN } from '../annotations/annotation.js';
import { type Entity, findEntity } from './entity.js';

/** An entity with what its page says of it beside what it is. */
export interface EntityPage extends Entity {
  /** Whether the asker marked it. */
  favourite: boolean;
  views: { today: number; last30Days: number };
  /** Whether the asker is among those who opened it today. */
  openedToday: boolean;
  /** The last run that worked on its database; null before the first, or once that run is forgotten. */
  lastRun: { id: string; number: number } | null;
  annotation: Annotation;
}

/** After those of an entity; the asker is bound twice. */
const PAGE_COLUMNS = `,
  EXISTS (SELECT FROM favourite f WHERE f.entity_id = e.id AND f.person_id = ?) AS favourite,
  (SELECT jsonb_build_object(
            'today', count(*) FILTER (WHERE v.day = (now() AT TIME ZONE 'UTC')::date),
            'last30Days', count(*)
          )
     FROM entity_view v
    WHERE v.entity_id = e.id AND v.day > (now() AT TIME ZONE 'UTC')::date - 30) AS views,
  EXISTS (
    SELECT FROM entity_view v
     WHERE v.entity_id = e.id AND v.day = (now() AT TIME ZONE 'UTC')::date AND v.person_id = ?
  ) AS "openedToday",
  (SELECT jsonb_build_object('id', r.id, 'number', r.number) FROM crawl_run r WHERE r.id = d.last_run_id) AS "lastRun",
  (SELECT to_jsonb(words)
     FROM (SELECT ${ANNOTATION_COLUMNS} FROM annotation a WHERE a.entity_id = e.id AND a.column_name = '') words
  ) AS annotation`;

/**
 * Reads an entity with everything that its page shows, in one statement: pages are what is asked for most.
 * @param visible what the asker may see, as a condition on collected_database under the alias `d`
 * @throws NotFound also for what exists and may not be seen
 */
export async function getEntityPage(
  database: Database,
  which: { id: string } | { guid: string },
  personId: string,
  visible: Knex.Raw,
): Promise<EntityPage> {
  const { annotation, ...page } = await findEntity<
    Omit<EntityPage, keyof Entity | 'annotation'> & { annotation: (Annotation & { editedAt: string }) | null }
  >(database, which, visible, { columns: PAGE_COLUMNS, bindings: [personId, personId] });
  if (annotation === null) return { ...page, annotation: NOTHING_WRITTEN };
  return { ...page, annotation: { ...annotation, editedAt: new Date(annotation.editedAt) } };
}
