import type { Knex } from 'knex';

/** What people say of the map, beside what sources say; and what they marked and opened. No crawl touches it. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Of an entity where column_name is empty, else of the column so named: it is kept while the column is away.
    CREATE TABLE annotation (
      entity_id   bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      column_name text NOT NULL DEFAULT '',
      description text,
      version     integer NOT NULL DEFAULT 1,
      edited_by   uuid REFERENCES person ON DELETE SET NULL,
      edited_at   timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (entity_id, column_name)
    );

    CREATE TABLE tag (
      id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name       text NOT NULL,
      version    integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE UNIQUE INDEX tag_name_unique ON tag (lower(name));

    CREATE TABLE annotation_tag (
      entity_id   bigint NOT NULL,
      column_name text NOT NULL DEFAULT '',
      tag_id      bigint NOT NULL REFERENCES tag ON DELETE CASCADE,
      PRIMARY KEY (entity_id, column_name, tag_id),
      FOREIGN KEY (entity_id, column_name) REFERENCES annotation ON DELETE CASCADE
    );
    CREATE INDEX annotation_tag_tag ON annotation_tag (tag_id);

    -- A person of the installation, or whoever else by name.
    CREATE TABLE annotation_owner (
      entity_id bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      place     integer NOT NULL,
      person_id uuid REFERENCES person ON DELETE CASCADE,
      name      text,
      PRIMARY KEY (entity_id, place),
      CHECK (num_nonnulls(person_id, name) = 1)
    );
    CREATE INDEX annotation_owner_person ON annotation_owner (person_id);

    -- Each state as it was saved: description, tags by name, owners by name.
    CREATE TABLE annotation_edit (
      entity_id   bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      column_name text NOT NULL DEFAULT '',
      version     integer NOT NULL,
      saved       jsonb NOT NULL,
      edited_by   uuid REFERENCES person ON DELETE SET NULL,
      edited_at   timestamptz NOT NULL,
      PRIMARY KEY (entity_id, column_name, version)
    );

    INSERT INTO annotation (entity_id, description)
    SELECT id, description FROM entity WHERE description IS NOT NULL;
    ALTER TABLE entity DROP COLUMN description;

    -- Which tables refer to one: found by the name that a foreign key gives.
    CREATE INDEX entity_foreign_keys ON entity USING gin ((structure -> 'foreignKeys') jsonb_path_ops)
      WHERE removed_at IS NULL AND structure -> 'foreignKeys' IS NOT NULL;

    CREATE TABLE favourite (
      person_id uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      entity_id bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      added_at  timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (person_id, entity_id)
    );
    CREATE INDEX favourite_entity ON favourite (entity_id);

    -- A person counts once a day, by the days of UTC.
    CREATE TABLE entity_view (
      entity_id bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      day       date NOT NULL,
      person_id uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      PRIMARY KEY (entity_id, day, person_id)
    );
    CREATE INDEX entity_view_person ON entity_view (person_id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE entity ADD COLUMN description text;
    UPDATE entity e SET description = a.description
    FROM annotation a WHERE a.entity_id = e.id AND a.column_name = '';
    DROP INDEX entity_foreign_keys;
    DROP TABLE entity_view, favourite, annotation_edit, annotation_owner, annotation_tag, tag, annotation;
  `);
}
