import type { Knex } from 'knex';

/** People, how they sign in, workspaces and what people may do in them, and the record of what they did. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE person (
      id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      email         text NOT NULL CHECK (email = lower(email)),
      name          text NOT NULL,
      password_hash text,
      tenant_role   text NOT NULL DEFAULT 'member' CHECK (tenant_role IN ('admin', 'member')),
      disabled_at   timestamptz,
      created_at    timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT person_email_unique UNIQUE (email)
    );

    -- Only digests of session ids, tokens and links are stored: a copy of the database signs nobody in.
    CREATE TABLE session (
      digest       bytea PRIMARY KEY,
      person_id    uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      created_at   timestamptz NOT NULL DEFAULT now(),
      expires_at   timestamptz NOT NULL,
      user_agent   text
    );
    CREATE INDEX session_person ON session (person_id);

    CREATE TABLE api_token (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      digest       bytea NOT NULL CONSTRAINT api_token_digest_unique UNIQUE,
      person_id    uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      name         text NOT NULL,
      hint         text NOT NULL,
      created_at   timestamptz NOT NULL DEFAULT now(),
      expires_at   timestamptz,
      last_used_at timestamptz
    );
    CREATE INDEX api_token_person ON api_token (person_id);

    CREATE TABLE login_link (
      digest     bytea PRIMARY KEY,
      person_id  uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      expires_at timestamptz NOT NULL,
      used_at    timestamptz
    );

    CREATE TABLE workspace (
      id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      name               text NOT NULL CONSTRAINT workspace_name_unique UNIQUE,
      description        text,
      time_zone          text NOT NULL DEFAULT 'UTC',
      default_visibility text NOT NULL DEFAULT 'workspace' CHECK (default_visibility IN ('tenant', 'workspace')),
      created_at         timestamptz NOT NULL DEFAULT now(),
      updated_at         timestamptz NOT NULL DEFAULT now(),
      version            integer NOT NULL DEFAULT 1
    );

    CREATE TABLE workspace_member (
      workspace_id uuid NOT NULL REFERENCES workspace ON DELETE CASCADE,
      person_id    uuid NOT NULL REFERENCES person ON DELETE CASCADE,
      role         text NOT NULL CHECK (role IN ('admin', 'developer', 'viewer')),
      created_at   timestamptz NOT NULL DEFAULT now(),
      PRIMARY KEY (workspace_id, person_id)
    );
    CREATE INDEX workspace_member_person ON workspace_member (person_id);

    CREATE TABLE audit_event (
      id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      at           timestamptz NOT NULL DEFAULT now(),
      person_id    uuid REFERENCES person ON DELETE SET NULL,
      action       text NOT NULL,
      object_kind  text NOT NULL,
      object_id    text NOT NULL,
      workspace_id uuid REFERENCES workspace ON DELETE SET NULL,
      detail       jsonb NOT NULL DEFAULT '{}'
    );
    CREATE INDEX audit_event_object ON audit_event (object_kind, object_id, id);
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TABLE audit_event, workspace_member, workspace, login_link, api_token, session, person;
  `);
}
