import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { DECIMAL, decodeCursor, type Page, pageOf } from '../model/cursor.js';

/** A person of the installation, or whoever else by name: then without an id. */
export interface Owner {
  personId: string | null;
  name: string;
}

/** What people say of an entity or of a column. */
export interface Words {
  /** Markdown as it was written: who shows it makes it safe. */
  description: string | null;
  /** By name, in the order of the alphabet. */
  tags: string[];
  /** In the order in which they were given. Those of a column are not those of its table. */
  owners: Owner[];
}

/** Whose the description was at first: a person's, or a model's that a person accepted, as it was or changed. */
export type Origin = 'person' | 'ai';

export interface Annotation extends Words {
  origin: Origin;
  /** 0 before anybody wrote anything. */
  version: number;
  /** Null too where the person has been deleted. */
  editedBy: { id: string; name: string } | null;
  editedAt: Date | null;
}

/** A state that was saved; tags and owners as they were called then. */
export interface Edit extends Words {
  origin: Origin;
  version: number;
  editedBy: { id: string; name: string } | null;
  editedAt: Date;
}

/** Of `entity_id` and `column_name`, the entity's own words have an empty column name. */
const TAGS_OF = (entity: string, column: string) => `
  (SELECT coalesce(array_agg(t.name ORDER BY lower(t.name)), '{}')
     FROM annotation_tag l
     JOIN tag t ON t.id = l.tag_id
    WHERE l.entity_id = ${entity} AND l.column_name = ${column})`;

/** The same of owners, as JSON. */
export const OWNERS_OF = (entity: string, column: string) => `
  (SELECT coalesce(
            jsonb_agg(jsonb_build_object('personId', o.person_id, 'name', coalesce(o.name, person.name)) ORDER BY o.place),
            '[]')
     FROM annotation_owner o
     LEFT JOIN person ON person.id = o.person_id
    WHERE o.entity_id = ${entity} AND o.column_name = ${column})`;

/** Columns of an Annotation; `a` is annotation. */
export const ANNOTATION_COLUMNS = `
  a.description, ${TAGS_OF('a.entity_id', 'a.column_name')} AS tags, ${OWNERS_OF('a.entity_id', 'a.column_name')} AS owners,
  a.origin, a.version, a.edited_at AS "editedAt",
  (SELECT jsonb_build_object('id', p.id, 'name', p.name) FROM person p WHERE p.id = a.edited_by) AS "editedBy"`;

/** What stands where nobody has written anything. */
export const NOTHING_WRITTEN: Annotation = {
  description: null,
  tags: [],
  owners: [],
  origin: 'person',
  version: 0,
  editedBy: null,
  editedAt: null,
};

/**
 * Reads the words of an entity, or of one of its columns. Whether the asker may see it has been asked before.
 * @param column empty for the entity itself
 */
export async function readAnnotation(database: Database, entityId: string, column: string): Promise<Annotation> {
  const [row] = await query<Annotation>(
    database,
    `SELECT ${ANNOTATION_COLUMNS}
       FROM annotation a
      WHERE a.entity_id = :entityId AND a.column_name = :column`,
    { entityId, column },
  );
  return row ?? NOTHING_WRITTEN;
}

/** Lists what was saved, the last first. @throws InvalidCursor */
export async function listEdits(
  database: Database,
  entityId: string,
  column: string,
  page: { cursor?: string; limit: number },
): Promise<Page<Edit>> {
  const [before] = decodeCursor(page.cursor, [DECIMAL]) ?? [];
  const rows = await query<Edit & { saved: Words }>(
    database,
    `SELECT h.version, h.saved, h.origin, h.edited_at AS "editedAt",
            CASE WHEN e.id IS NOT NULL THEN jsonb_build_object('id', e.id, 'name', e.name) END AS "editedBy"
       FROM annotation_edit h
       LEFT JOIN person e ON e.id = h.edited_by
      WHERE h.entity_id = :entityId AND h.column_name = :column
        AND (CAST(:before AS bigint) IS NULL OR h.version < CAST(:before AS bigint))
      ORDER BY h.version DESC
      LIMIT :limit + 1`,
    { entityId, column, before: before ?? null, limit: page.limit },
  );
  return pageOf(
    rows,
    page.limit,
    ({ saved, ...edit }) => ({ ...edit, ...saved }),
    ({ version }) => [String(version)],
  );
}
