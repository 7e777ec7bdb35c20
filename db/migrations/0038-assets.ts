import type { Knex } from 'knex';

/** What is found beside data: APIs, from the OpenAPI documents of workspaces, and AI assets, from events of lineage. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- An OpenAPI document that a workspace was given, by the name that it was given under.
    CREATE TABLE api_document (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      workspace_id uuid NOT NULL REFERENCES workspace ON DELETE CASCADE,
      name         text NOT NULL,
      title        text NOT NULL,
      -- As its info says, and as which version of the specification it was read.
      api_version  text NOT NULL,
      openapi      text NOT NULL,
      description  text,
      -- Addresses of its servers.
      servers      text[] NOT NULL,
      -- JSON as it was given.
      document     text NOT NULL,
      written_by   uuid REFERENCES person ON DELETE SET NULL,
      created_at   timestamptz NOT NULL DEFAULT now(),
      updated_at   timestamptz NOT NULL DEFAULT now(),
      UNIQUE (workspace_id, name)
    );

    -- APIs and AI assets as they are searched. Of an AI asset the row is kept by a trigger of lineage_dataset.
    CREATE TABLE asset (
      id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind            text NOT NULL CHECK (kind IN ('api', 'ai-asset')),
      -- Whose members see it; null for the whole tenant.
      workspace_id    uuid REFERENCES workspace ON DELETE CASCADE,
      api_document_id uuid REFERENCES api_document ON DELETE CASCADE,
      dataset_id      bigint UNIQUE REFERENCES lineage_dataset ON DELETE CASCADE,
      -- Of an API the method and path, of an AI asset the name of the data set.
      name            text NOT NULL,
      -- Another name, which is found as the first one is: the operation's id.
      alias           text,
      -- What words are looked for in beside names.
      texts           text[] NOT NULL,
      details         jsonb NOT NULL,
      changed_at      timestamptz NOT NULL DEFAULT now(),
      -- Words of the names, and of names and texts; null until they are taken apart (search/index-assets.ts).
      name_words      tsvector,
      words           tsvector,
      CHECK ((kind = 'api') = (api_document_id IS NOT NULL)),
      CHECK ((kind = 'ai-asset') = (dataset_id IS NOT NULL)),
      UNIQUE (api_document_id, name)
    );
    CREATE INDEX asset_words ON asset USING gin (words);
    CREATE INDEX asset_name_words ON asset USING gin (name_words);
    CREATE INDEX asset_latest ON asset (kind, changed_at, id);
    CREATE INDEX asset_workspace ON asset (workspace_id);
    CREATE INDEX asset_unread ON asset (id) WHERE words IS NULL;

    -- Every word that a name has or had, once: what may be meant by a misspelt one.
    CREATE TABLE asset_word (word text COLLATE "C" PRIMARY KEY);
    CREATE INDEX asset_word_like ON asset_word USING gin (word gin_trgm_ops);

    -- What a facet says under a key, where that is text.
    CREATE FUNCTION facet_text(facets jsonb, facet text, key text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT nullif(btrim(facets #>> ARRAY[facet, 'facet', key]), '')
       WHERE jsonb_typeof(facets #> ARRAY[facet, 'facet', key]) = 'string'
    $$;

    -- A data set is an AI asset while the latest facet of its type says so: MODEL is among the values that OpenLineage's
    -- DatasetTypeDatasetFacet names, and the others say it by themselves.
    CREATE FUNCTION ai_asset_of(facets jsonb) RETURNS TABLE (texts text[], details jsonb) LANGUAGE sql IMMUTABLE AS $$
      SELECT array_remove(ARRAY[t.description, t.type, t.sub_type] || t.owners, NULL),
             jsonb_build_object('type', t.type, 'subType', t.sub_type, 'version', facet_text(facets, 'version', 'datasetVersion'),
                                'description', t.description, 'owners', to_jsonb(t.owners))
        FROM (
          SELECT facet_text(facets, 'datasetType', 'datasetType') AS type,
                 facet_text(facets, 'datasetType', 'subType') AS sub_type,
                 facet_text(facets, 'documentation', 'description') AS description,
                 ARRAY(SELECT o ->> 'name'
                         FROM (SELECT facets #> '{ownership,facet,owners}') AS w(owners)
                        CROSS JOIN LATERAL jsonb_array_elements(
                                CASE jsonb_typeof(w.owners) WHEN 'array' THEN w.owners ELSE '[]' END) o
                        WHERE jsonb_typeof(o -> 'name') = 'string') AS owners
        ) t
       WHERE upper(replace(t.type, '-', '_')) IN ('MODEL', 'ML_MODEL', 'AI_MODEL', 'AI_AGENT', 'AGENT', 'PROMPT')
         AND facets #> '{datasetType,facet,_deleted}' IS DISTINCT FROM 'true'
    $$;

    CREATE FUNCTION keep_ai_asset() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM asset WHERE dataset_id = NEW.id AND NOT EXISTS (SELECT FROM ai_asset_of(NEW.facets));
      INSERT INTO asset AS a (kind, workspace_id, dataset_id, name, texts, details)
      SELECT 'ai-asset', NEW.workspace_id, NEW.id, NEW.name, m.texts || NEW.namespace,
             m.details || jsonb_build_object('namespace', NEW.namespace)
        FROM ai_asset_of(NEW.facets) m
      ON CONFLICT (dataset_id) DO UPDATE
      SET texts = excluded.texts, details = excluded.details, changed_at = now(), name_words = NULL, words = NULL
      WHERE (a.texts, a.details) IS DISTINCT FROM (excluded.texts, excluded.details);
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_dataset_type_told AFTER UPDATE OF facets ON lineage_dataset FOR EACH ROW
      WHEN (NEW.facets -> 'datasetType' IS NOT NULL)
      EXECUTE FUNCTION keep_ai_asset();

    INSERT INTO asset (kind, workspace_id, dataset_id, name, texts, details)
    SELECT 'ai-asset', s.workspace_id, s.id, s.name, m.texts || s.namespace,
           m.details || jsonb_build_object('namespace', s.namespace)
      FROM lineage_dataset s
     CROSS JOIN LATERAL ai_asset_of(s.facets) m
     WHERE s.facets -> 'datasetType' IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER lineage_dataset_type_told ON lineage_dataset;
    DROP FUNCTION keep_ai_asset, ai_asset_of, facet_text;
    DROP TABLE asset, asset_word, api_document;
  `);
}
