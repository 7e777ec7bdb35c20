import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';

export type CollectionVisibility = 'public' | 'workspace' | 'private';
export interface PersonReference {
  id: string;
  name: string;
}

/** A collection as somebody sees it: counts are of the items that this person may see. */
export interface Collection {
  id: string;
  name: string;
  /** Markdown. */
  description: string | null;
  /** `#rrggbb`. */
  coverColor: string | null;
  visibility: CollectionVisibility;
  workspace: { id: string; name: string } | null;
  /** Null where it has no official mark. */
  officialAt: Date | null;
  officialBy: PersonReference | null;
  /** By name; disabled ones too, who may come back. */
  owners: (PersonReference & { disabled: boolean })[];
  /** Whether the asker is one of them. */
  mine: boolean;
  followers: number;
  following: boolean;
  itemCount: number;
  /** Of these, what is gone from the map. */
  removedCount: number;
  createdBy: PersonReference | null;
  createdAt: Date;
  /** When its words or sections changed; not its items, some of which the asker may not see. */
  updatedAt: Date;
  version: number;
}

/** Who asks: whose collections are his or hers, and which of them and of their items may be seen. */
export interface Asker {
  personId: string;
  /** A condition on `collection` under the alias `c`. */
  collections: Knex.Raw;
  /** A condition on `collected_database` under the alias `d`. */
  items: Knex.Raw;
}

const person = (column: string) =>
  `(SELECT jsonb_build_object('id', p.id, 'name', p.name) FROM person p WHERE p.id = c.${column})`;

/** Columns of a Collection of `collection c` and `COUNTED n`; bindings `:personId` and `:items`. */
export const COLLECTION_COLUMNS = `
  c.id, c.name, c.description, c.cover_color AS "coverColor", c.visibility,
  (SELECT jsonb_build_object('id', w.id, 'name', w.name) FROM workspace w WHERE w.id = c.workspace_id) AS workspace,
  c.official_at AS "officialAt", ${person('official_by')} AS "officialBy",
  coalesce((
    SELECT jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'disabled', p.disabled_at IS NOT NULL)
                     ORDER BY p.name, p.id)
      FROM collection_owner o
      JOIN person p ON p.id = o.person_id
     WHERE o.collection_id = c.id
  ), '[]') AS owners,
  EXISTS (SELECT 1 FROM collection_owner o WHERE o.collection_id = c.id AND o.person_id = :personId) AS mine,
  (SELECT count(*)::int FROM collection_follower f WHERE f.collection_id = c.id) AS followers,
  EXISTS (SELECT 1 FROM collection_follower f WHERE f.collection_id = c.id AND f.person_id = :personId) AS following,
  n.items AS "itemCount", n.removed AS "removedCount",
  ${person('created_by')} AS "createdBy", c.created_at AS "createdAt", c.updated_at AS "updatedAt", c.version`;

export const COUNTED = `
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS items,
           count(*) FILTER (WHERE e.removed_at IS NOT NULL OR d.retiring_at IS NOT NULL)::int AS removed
      FROM collection_item i
      JOIN entity e ON e.id = i.entity_id
      JOIN collected_database d ON d.id = e.collected_database_id
     WHERE i.collection_id = c.id AND :items
  ) n`;

/** @throws NotFound also for what exists and the asker may not see */
export async function getCollection(database: Database, id: string, asker: Asker): Promise<Collection> {
  const [collection] = await query<Collection>(
    database,
    `SELECT ${COLLECTION_COLUMNS}
       FROM collection c ${COUNTED}
      WHERE c.id = :id AND :collections`,
    { id, ...asker },
  );
  if (collection === undefined) throw new NotFound('collection', id);
  return collection;
}

/**
 * Takes turns with whoever else changes the collection's items, sections or owners.
 * @throws NotFound when it has been deleted meanwhile
 */
export async function lockCollection(transaction: Database, id: string): Promise<{ visibility: CollectionVisibility }> {
  const [locked] = await query<{ visibility: CollectionVisibility }>(
    transaction,
    'SELECT visibility FROM collection WHERE id = ? FOR UPDATE',
    [id],
  );
  if (locked === undefined) throw new NotFound('collection', id);
  return locked;
}
