import type { Knex } from 'knex';

/** Descriptions that a language model suggests: where it is asked, what it is to be asked, and what it said. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- And when all of its tables were looked through, after which only runs that changed something matter.
    ALTER TABLE crawler ADD COLUMN ai_descriptions boolean NOT NULL DEFAULT false,
                        ADD COLUMN ai_looked_through_at timestamptz;

    -- Whose words a description was at first: a person's, or a model's that a person accepted.
    ALTER TABLE annotation ADD COLUMN origin text NOT NULL DEFAULT 'person' CHECK (origin IN ('person', 'ai'));
    ALTER TABLE annotation_edit ADD COLUMN origin text NOT NULL DEFAULT 'person' CHECK (origin IN ('person', 'ai'));

    -- One row: an installation asks one model.
    CREATE TABLE description_model (
      one                 boolean PRIMARY KEY DEFAULT true CHECK (one),
      url                 text,
      model               text,
      api_key             bytea,
      language            text NOT NULL DEFAULT 'English',
      tokens_per_day      bigint DEFAULT 200000,
      requests_per_minute integer NOT NULL DEFAULT 30,
      concurrency         integer NOT NULL DEFAULT 2,
      timeout_seconds     integer NOT NULL DEFAULT 120,
      enabled             boolean NOT NULL DEFAULT false,
      version             integer NOT NULL DEFAULT 1,
      updated_at          timestamptz NOT NULL DEFAULT now(),
      -- How the endpoint takes requests, as far as it has been found out.
      dialect             jsonb NOT NULL DEFAULT '{}',
      paused              boolean NOT NULL DEFAULT false,
      -- What only a person can mend; nothing is asked until somebody has.
      stopped_because     jsonb,
      last_failure        jsonb,
      failures_in_a_row   integer NOT NULL DEFAULT 0,
      waits_for           text CHECK (waits_for IN ('budget', 'retry')),
      waits_until         timestamptz,
      next_request_at     timestamptz NOT NULL DEFAULT now(),
      -- The last time that somebody tried it out.
      trial               jsonb,
      CHECK (NOT enabled OR (url IS NOT NULL AND model IS NOT NULL))
    );
    INSERT INTO description_model DEFAULT VALUES;

    -- By the days of UTC. Tokens are counted before they are spent, and put right after.
    CREATE TABLE description_usage (
      day         date PRIMARY KEY,
      tokens      bigint NOT NULL DEFAULT 0,
      requests    integer NOT NULL DEFAULT 0,
      failures    integer NOT NULL DEFAULT 0,
      suggestions integer NOT NULL DEFAULT 0,
      -- How many answers of an object were refused, by the reason.
      refused     jsonb NOT NULL DEFAULT '{}'
    );

    -- A run of the crawler ended, and its tables have not been looked through since.
    CREATE TABLE description_due (
      crawler_id uuid PRIMARY KEY REFERENCES crawler ON DELETE CASCADE,
      marked_at  timestamptz NOT NULL DEFAULT now()
    );

    -- A table that is to be described, or has been in the form whose hash stands here.
    CREATE TABLE description_request (
      entity_id  bigint PRIMARY KEY REFERENCES entity ON DELETE CASCADE,
      hash       bytea NOT NULL,
      status     text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'done', 'failed')),
      attempts   integer NOT NULL DEFAULT 0,
      failure    jsonb,
      queued_at  timestamptz NOT NULL DEFAULT now(),
      not_before timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX description_request_waiting ON description_request (queued_at, entity_id) WHERE status = 'waiting';
    CREATE INDEX description_request_failed ON description_request (entity_id) WHERE status = 'failed';

    -- One request that was answered: what was sent, and what it took.
    CREATE TABLE description_answer (
      id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entity_id         bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      model             text NOT NULL,
      language          text NOT NULL,
      asked_at          timestamptz NOT NULL DEFAULT now(),
      inputs            jsonb NOT NULL,
      inputs_digest     text NOT NULL,
      prompt_tokens     integer NOT NULL,
      completion_tokens integer NOT NULL
    );
    CREATE INDEX description_answer_entity ON description_answer (entity_id);

    -- Of a table where column_name is empty, else of the column so named. The digest is of what was sent of it.
    CREATE TABLE description_suggestion (
      id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      entity_id   bigint NOT NULL REFERENCES entity ON DELETE CASCADE,
      -- The entity's, which never changes: lists go through the databases that somebody may see.
      collected_database_id bigint NOT NULL,
      column_name text NOT NULL DEFAULT '',
      digest      text NOT NULL,
      answer_id   bigint NOT NULL REFERENCES description_answer ON DELETE CASCADE,
      status      text NOT NULL CHECK (status IN ('open', 'accepted', 'rejected', 'stale', 'overtaken', 'refused')),
      description text,
      confidence  text CHECK (confidence IN ('high', 'medium', 'low')),
      -- Why the answer was refused: then there is no text of it.
      refused_because text,
      attempts    integer NOT NULL DEFAULT 1,
      edited      boolean NOT NULL DEFAULT false,
      reason      text,
      decided_by  uuid REFERENCES person ON DELETE SET NULL,
      decided_at  timestamptz,
      CONSTRAINT description_suggestion_once UNIQUE (entity_id, column_name, digest),
      CHECK ((status = 'refused') = (description IS NULL))
    );
    CREATE INDEX description_suggestion_listing ON description_suggestion (collected_database_id, status, id);
    CREATE INDEX description_suggestion_answer ON description_suggestion (answer_id);
    CREATE INDEX description_suggestion_person ON description_suggestion (decided_by);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE description_suggestion, description_answer, description_request, description_due, description_usage,
               description_model;
    ALTER TABLE annotation_edit DROP COLUMN origin;
    ALTER TABLE annotation DROP COLUMN origin;
    ALTER TABLE crawler DROP COLUMN ai_looked_through_at, DROP COLUMN ai_descriptions;
  `);
}
