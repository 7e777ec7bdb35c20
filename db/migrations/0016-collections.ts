import type { Knex } from 'knex';

/** Collections: what people put together of the map, who owns and follows them, and in which order they show it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE collection (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      name         text NOT NULL,
      description  text,
      cover_color  text,
      visibility   text NOT NULL CHECK (visibility IN ('public', 'workspace', 'private')),
      -- Whose members see it, or whose a public one is. Where it is null and the collection not public, its owners alone
      -- see it, so that a workspace that goes leaves none behind that strangers see.
      workspace_id uuid REFERENCES workspace ON DELETE SET NULL,
      official_at  timestamptz,
      official_by  uuid REFERENCES person ON DELETE SET NULL,
      created_by   uuid REFERENCES person ON DELETE SET NULL,
      created_at   timestamptz NOT NULL DEFAULT now(),
      updated_at   timestamptz NOT NULL DEFAULT now(),
      -- Of its own words and its sections. Items have one each: what somebody adds must not stop others' edits.
      version      integer NOT NULL DEFAULT 1,
      CONSTRAINT collection_private_is_personal
        CHECK (visibility <> 'private' OR (workspace_id IS NULL AND official_at IS NULL))
    );
    CREATE INDEX collection_by_name ON collection (lower(name), id);
    CREATE INDEX collection_by_change ON collection (updated_at DESC, id DESC);
    CREATE INDEX collection_workspace ON collection (workspace_id);

    CREATE TABLE collection_owner (
      collection_id uuid NOT NULL REFERENCES collection ON DELETE CASCADE,
      person_id     uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      since         timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (collection_id, person_id)
    );
    CREATE INDEX collection_owner_person ON collection_owner (person_id);

    CREATE TABLE collection_follower (
      collection_id uuid NOT NULL REFERENCES collection ON DELETE CASCADE,
      person_id     uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      since         timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (collection_id, person_id)
    );
    CREATE INDEX collection_follower_person ON collection_follower (person_id);

    CREATE TABLE collection_section (
      id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      collection_id uuid NOT NULL REFERENCES collection ON DELETE CASCADE,
      name          text NOT NULL,
      description   text,
      -- From 1; items of no section come before all sections.
      place         integer NOT NULL
    );
    CREATE INDEX collection_section_listing ON collection_section (collection_id, place);

    -- An entity keeps its id through renames, removal and restoring, and so does its item; purging ends both.
    CREATE TABLE collection_item (
      collection_id uuid NOT NULL REFERENCES collection ON DELETE CASCADE,
      entity_id     bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      section_id    uuid REFERENCES collection_section ON DELETE SET NULL,
      -- Within the section. Never shown, in cursors neither: a gap would tell of an item that may not be seen.
      place         bigint NOT NULL,
      note          text,
      added_by      uuid REFERENCES person ON DELETE SET NULL,
      added_at      timestamptz NOT NULL DEFAULT now(),
      version       integer NOT NULL DEFAULT 1,
      PRIMARY KEY (collection_id, entity_id)
    );
    CREATE INDEX collection_item_entity ON collection_item (entity_id);
    CREATE INDEX collection_item_section ON collection_item (section_id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE collection_item, collection_section, collection_follower, collection_owner, collection;
  `);
}
