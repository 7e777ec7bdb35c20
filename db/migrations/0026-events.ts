import type { Knex } from 'knex';

/**
 * What happened, for the streams of events that browsers follow. Rows of work are told of by triggers: no statement that
 * changes one, wherever it stands, can forget to. Changes of the map are told by what makes them (catalog/events), outside of
 * runs to webhooks too.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Written in the transaction of what it tells. Only ids, states and counts, never names or texts.
    CREATE TABLE event (
      id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      -- Its place in the order in which events are told; null until it has one. Given by one at a time, once what wrote
      -- it has committed: an id would be given before, so that who reads past it would miss what commits late.
      position     bigint CONSTRAINT event_position UNIQUE,
      at           timestamptz NOT NULL DEFAULT now(),
      type         text NOT NULL,
      -- Who is told: who has the type's permission in this workspace, who may see this database, or this person alone.
      workspace_id uuid,
      collected_database_id bigint,
      person_id    uuid,
      crawler_id   uuid,
      data         jsonb NOT NULL,
      CONSTRAINT event_of_one CHECK (num_nonnulls(workspace_id, collected_database_id, person_id) = 1)
    );
    CREATE INDEX event_waiting ON event (id) WHERE position IS NULL;
    CREATE INDEX event_age ON event (at);
    CREATE SEQUENCE event_place;

    -- One row: up to which place events have been forgotten.
    CREATE TABLE event_horizon (
      only_one     boolean PRIMARY KEY DEFAULT true CHECK (only_one),
      forgotten_to bigint NOT NULL DEFAULT 0
    );
    INSERT INTO event_horizon DEFAULT VALUES;

    CREATE FUNCTION wake_event_readers() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('datamap_event', '');
      RETURN NULL;
    END $$;
    CREATE TRIGGER event_wakes AFTER INSERT ON event FOR EACH STATEMENT EXECUTE FUNCTION wake_event_readers();

    CREATE FUNCTION tell_of_run() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, workspace_id, crawler_id, data)
      VALUES ('run.updated', NEW.workspace_id, NEW.crawler_id, jsonb_build_object(
        'runId', NEW.id, 'number', NEW.number, 'crawlerId', NEW.crawler_id, 'trigger', NEW.trigger, 'status', NEW.status,
        'paused', NEW.paused_at IS NOT NULL, 'searchable', NEW.searchable_at IS NOT NULL
      ));
      RETURN NULL;
    END $$;
    CREATE TRIGGER run_begins_told AFTER INSERT ON crawl_run FOR EACH ROW EXECUTE FUNCTION tell_of_run();
    CREATE TRIGGER run_goes_on_told AFTER UPDATE OF status, paused_at, searchable_at ON crawl_run FOR EACH ROW
      WHEN ((OLD.status, OLD.paused_at, OLD.searchable_at) IS DISTINCT FROM (NEW.status, NEW.paused_at, NEW.searchable_at))
      EXECUTE FUNCTION tell_of_run();

    CREATE FUNCTION tell_of_unit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, workspace_id, crawler_id, data)
      SELECT 'run.progress', r.workspace_id, r.crawler_id, jsonb_build_object(
               'runId', r.id, 'crawlerId', r.crawler_id, 'unit', NEW.unit, 'status', NEW.status,
               'tablesDone', NEW.tables_done, 'tablesTotal', NEW.tables_total, 'counts', NEW.counts)
        FROM crawl_run r
       WHERE r.id = NEW.run_id;
      RETURN NULL;
    END $$;
    CREATE TRIGGER unit_goes_on_told AFTER UPDATE OF status, tables_done, tables_total, counts ON crawl_unit FOR EACH ROW
      WHEN ((OLD.status, OLD.tables_done, OLD.tables_total, OLD.counts)
            IS DISTINCT FROM (NEW.status, NEW.tables_done, NEW.tables_total, NEW.counts))
      EXECUTE FUNCTION tell_of_unit();

    CREATE FUNCTION tell_of_crawler() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, workspace_id, crawler_id, data)
      VALUES ('crawler.updated', NEW.workspace_id, NEW.id, jsonb_build_object(
        'crawlerId', NEW.id, 'status', NEW.status, 'paused', NEW.paused, 'version', NEW.version));
      RETURN NULL;
    END $$;
    CREATE FUNCTION tell_of_deleted_crawler() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, workspace_id, crawler_id, data)
      VALUES ('crawler.deleted', OLD.workspace_id, OLD.id, jsonb_build_object('crawlerId', OLD.id));
      RETURN NULL;
    END $$;
    CREATE TRIGGER crawler_begins_told AFTER INSERT ON crawler FOR EACH ROW EXECUTE FUNCTION tell_of_crawler();
    CREATE TRIGGER crawler_changes_told AFTER UPDATE ON crawler FOR EACH ROW
      WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION tell_of_crawler();
    CREATE TRIGGER crawler_goes_told AFTER DELETE ON crawler FOR EACH ROW EXECUTE FUNCTION tell_of_deleted_crawler();

    CREATE FUNCTION tell_of_database() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, collected_database_id, crawler_id, data)
      VALUES (
        CASE WHEN TG_OP = 'INSERT' THEN 'database.added'
             WHEN NEW.retiring_at IS NOT NULL THEN 'database.removed'
             WHEN OLD.retiring_at IS NOT NULL THEN 'database.added'
             ELSE 'database.updated' END,
        NEW.id, NEW.crawler_id, jsonb_build_object('databaseId', NEW.id::text, 'crawlerId', NEW.crawler_id));
      RETURN NULL;
    END $$;
    CREATE TRIGGER database_begins_told AFTER INSERT ON collected_database FOR EACH ROW EXECUTE FUNCTION tell_of_database();
    CREATE TRIGGER database_changes_told AFTER UPDATE OF visibility, retiring_at ON collected_database FOR EACH ROW
      WHEN (OLD.visibility <> NEW.visibility OR (OLD.retiring_at IS NULL) <> (NEW.retiring_at IS NULL))
      EXECUTE FUNCTION tell_of_database();

    CREATE FUNCTION tell_of_connection_test() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, workspace_id, data)
      SELECT 'connection-test.updated', s.workspace_id, jsonb_build_object(
               'connectionTestId', NEW.id, 'dataSourceId', s.id, 'status', NEW.status,
               'steps', jsonb_array_length(NEW.steps))
        FROM data_source s
       WHERE s.id = NEW.data_source_id;
      RETURN NULL;
    END $$;
    CREATE TRIGGER connection_test_told AFTER INSERT OR UPDATE OF status, steps ON connection_test
      FOR EACH ROW EXECUTE FUNCTION tell_of_connection_test();

    CREATE FUNCTION tell_of_preview() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, person_id, data)
      VALUES ('preview.updated', NEW.requested_by, jsonb_build_object('previewId', NEW.id, 'status', NEW.status));
      RETURN NULL;
    END $$;
    CREATE TRIGGER preview_told AFTER INSERT OR UPDATE OF status ON data_preview
      FOR EACH ROW EXECUTE FUNCTION tell_of_preview();

    CREATE FUNCTION tell_of_refresh() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, person_id, data)
      VALUES ('refresh.updated', NEW.requested_by, jsonb_build_object(
        'refreshId', NEW.id, 'ended', NEW.ended_at IS NOT NULL));
      RETURN NULL;
    END $$;
    CREATE TRIGGER refresh_told AFTER INSERT OR UPDATE OF ended_at ON table_refresh
      FOR EACH ROW EXECUTE FUNCTION tell_of_refresh();

    CREATE FUNCTION tell_of_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, workspace_id, crawler_id, data)
      VALUES ('held-removal.updated', NEW.workspace_id, NEW.crawler_id, jsonb_build_object(
        'heldRemovalId', NEW.id, 'crawlerId', NEW.crawler_id, 'status', NEW.status, 'tables', NEW.tables,
        'removed', NEW.removed, 'settled', NEW.settled_at IS NOT NULL));
      RETURN NULL;
    END $$;
    CREATE TRIGGER hold_told AFTER INSERT OR UPDATE OF status, tables, removed, settled_at ON held_removal
      FOR EACH ROW EXECUTE FUNCTION tell_of_hold();

    CREATE FUNCTION tell_of_operation() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO event (type, workspace_id, crawler_id, data)
      VALUES ('operation.updated', NEW.workspace_id, NEW.crawler_id, jsonb_build_object(
        'operationId', NEW.id, 'crawlerId', NEW.crawler_id, 'kind', NEW.kind, 'status', NEW.status,
        'removed', NEW.removed));
      RETURN NULL;
    END $$;
    CREATE TRIGGER operation_told AFTER INSERT OR UPDATE OF status, removed ON operation
      FOR EACH ROW EXECUTE FUNCTION tell_of_operation();

    -- What became of tables outside of runs, as far as webhooks are to be told of it. No foreign keys: it is told of when
    -- the crawler is gone, and of an entity that is gone nobody is told any more.
    CREATE TABLE change_batch (
      id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      crawler_id   uuid NOT NULL,
      cause        text NOT NULL CHECK (cause IN ('scope-narrowed', 'crawler-deleted', 'removal-approved', 'restored')),
      at           timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX change_batch_age ON change_batch (at);
    CREATE TABLE change_batch_entity (
      batch_id  uuid NOT NULL REFERENCES change_batch ON DELETE CASCADE,
      entity_id bigint NOT NULL,
      change    text NOT NULL CHECK (change IN ('removed', 'restored')),
      PRIMARY KEY (batch_id, entity_id)
    );
    -- Of a run, of a batch, or of nothing, to try it out.
    ALTER TABLE webhook_delivery
      ADD COLUMN batch_id uuid REFERENCES change_batch ON DELETE CASCADE,
      ADD CONSTRAINT webhook_delivery_of_one CHECK (num_nonnulls(run_id, batch_id) <= 1),
      ADD CONSTRAINT webhook_delivery_batch_once UNIQUE (webhook_id, batch_id);
    CREATE INDEX webhook_delivery_batch ON webhook_delivery (batch_id) WHERE batch_id IS NOT NULL;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM webhook_delivery WHERE batch_id IS NOT NULL;
    ALTER TABLE webhook_delivery DROP CONSTRAINT webhook_delivery_of_one, DROP COLUMN batch_id;
    DROP TABLE change_batch_entity, change_batch;
    DROP TRIGGER run_begins_told ON crawl_run;
    DROP TRIGGER run_goes_on_told ON crawl_run;
    DROP TRIGGER unit_goes_on_told ON crawl_unit;
    DROP TRIGGER crawler_begins_told ON crawler;
    DROP TRIGGER crawler_changes_told ON crawler;
    DROP TRIGGER crawler_goes_told ON crawler;
    DROP TRIGGER database_begins_told ON collected_database;
    DROP TRIGGER database_changes_told ON collected_database;
    DROP TRIGGER connection_test_told ON connection_test;
    DROP TRIGGER preview_told ON data_preview;
    DROP TRIGGER refresh_told ON table_refresh;
    DROP TRIGGER hold_told ON held_removal;
    DROP TRIGGER operation_told ON operation;
    DROP TABLE event, event_horizon;
    DROP SEQUENCE event_place;
    DROP FUNCTION wake_event_readers, tell_of_run, tell_of_unit, tell_of_crawler, tell_of_deleted_crawler, tell_of_database,
      tell_of_connection_test, tell_of_preview, tell_of_refresh, tell_of_hold, tell_of_operation;
  `);
}
