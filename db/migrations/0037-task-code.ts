import type { Knex } from 'knex';

/** The code of jobs as it is searched: a row for each text that a job told, kept by what writes the job. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE task_code (
      process_id   bigint NOT NULL REFERENCES lineage_process ON DELETE CASCADE,
      -- Of the job's facet sql, or of sourceCode.
      part         text NOT NULL CHECK (part IN ('sql', 'sourceCode')),
      -- What does not change of a job: searches are narrowed without reading the processes, which are many more.
      workspace_id uuid,
      namespace    text NOT NULL,
      name         text NOT NULL,
      -- Lower case, as the facet says.
      language     text,
      text         text NOT NULL,
      -- When it was first told as it is now.
      changed_at   timestamptz NOT NULL,
      -- Words of the name, and of name and text; null until they are taken apart (search/index-task-code.ts).
      name_words   tsvector,
      words        tsvector,
      PRIMARY KEY (process_id, part)
    );

    -- Every word that a name has or had, once: what may be meant by a misspelt one.
    CREATE TABLE task_code_word (word text COLLATE "C" PRIMARY KEY);
    CREATE INDEX task_code_word_like ON task_code_word USING gin (word gin_trgm_ops);

    CREATE FUNCTION task_code_of(sql text, evidence jsonb) RETURNS TABLE (part text, language text, text text)
      LANGUAGE sql IMMUTABLE AS $$
      SELECT 'sql', 'sql', sql WHERE btrim(sql, E' \\t\\r\\n') <> ''
      UNION ALL
      SELECT 'sourceCode',
             CASE WHEN jsonb_typeof(f.facet -> 'language') = 'string'
                  THEN nullif(left(lower(btrim(f.facet ->> 'language')), 100), '') END,
             f.facet ->> 'sourceCode'
      FROM (SELECT evidence #> '{facets,sourceCode}') AS f(facet)
      WHERE jsonb_typeof(f.facet -> 'sourceCode') = 'string' AND btrim(f.facet ->> 'sourceCode', E' \\t\\r\\n') <> ''
    $$;

    CREATE FUNCTION keep_task_code() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM task_code
       WHERE process_id = NEW.id AND part NOT IN (SELECT c.part FROM task_code_of(NEW.sql, NEW.evidence) c);
      INSERT INTO task_code AS t (process_id, part, workspace_id, namespace, name, language, text, changed_at)
      SELECT NEW.id, c.part, NEW.workspace_id, NEW.evidence ->> 'namespace', NEW.name, c.language, c.text, now()
        FROM task_code_of(NEW.sql, NEW.evidence) c
      ON CONFLICT (process_id, part) DO UPDATE
      SET language = excluded.language, text = excluded.text, changed_at = excluded.changed_at, name_words = NULL,
          words = NULL
      WHERE (t.language, t.text) IS DISTINCT FROM (excluded.language, excluded.text);
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_process_code_told AFTER INSERT ON lineage_process FOR EACH ROW
      WHEN (NEW.kind = 'job' AND (NEW.sql IS NOT NULL OR NEW.evidence #> '{facets,sourceCode}' IS NOT NULL))
      EXECUTE FUNCTION keep_task_code();
    -- A job tells the same each time that it runs, and of that nothing is written.
    CREATE TRIGGER lineage_process_code_changed AFTER UPDATE OF sql, evidence ON lineage_process FOR EACH ROW
      WHEN (NEW.kind = 'job'
            AND (NEW.sql IS DISTINCT FROM OLD.sql
                 OR NEW.evidence #> '{facets,sourceCode}' IS DISTINCT FROM OLD.evidence #> '{facets,sourceCode}'))
      EXECUTE FUNCTION keep_task_code();

    INSERT INTO task_code (process_id, part, workspace_id, namespace, name, language, text, changed_at)
    SELECT p.id, c.part, p.workspace_id, p.evidence ->> 'namespace', p.name, c.language, c.text, p.last_seen
      FROM lineage_process p
     CROSS JOIN LATERAL task_code_of(p.sql, p.evidence) c
     WHERE p.kind = 'job';

    CREATE INDEX task_code_words ON task_code USING gin (words);
    CREATE INDEX task_code_name_words ON task_code USING gin (name_words);
    CREATE INDEX task_code_latest ON task_code (changed_at, process_id, part);
    CREATE INDEX task_code_unread ON task_code (process_id, part) WHERE words IS NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER lineage_process_code_changed ON lineage_process;
    DROP TRIGGER lineage_process_code_told ON lineage_process;
    DROP FUNCTION keep_task_code, task_code_of;
    DROP TABLE task_code, task_code_word;
  `);
}
