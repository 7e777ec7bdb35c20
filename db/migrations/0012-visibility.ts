import type { Knex } from 'knex';

/** Who set the visibility of a database, databases instead of audiences in the search index, reads of audit. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Both null while it is the default that its workspace had when the database came into the scope.
    ALTER TABLE collected_database
      ADD COLUMN visibility_set_by uuid REFERENCES person ON DELETE SET NULL,
      ADD COLUMN visibility_set_at timestamptz;
    CREATE INDEX collected_database_leaving ON collected_database (id) WHERE retiring_at IS NOT NULL;

    CREATE INDEX audit_event_workspace ON audit_event (workspace_id, id);
    CREATE INDEX audit_event_person ON audit_event (person_id, id);

    UPDATE search_document s
       SET visible_to = e.collected_database_id::text
      FROM entity e
     WHERE e.id::text = s.id;
    UPDATE search_group g
       SET visible_to = s.visible_to
      FROM (SELECT DISTINCT ON (group_id) group_id, visible_to FROM search_document) s
     WHERE s.group_id = g.id;
  `);
  await countAudiences(knex);
  await indexAgain(knex);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    UPDATE search_document s
       SET visible_to = CASE d.visibility WHEN 'tenant' THEN 'tenant' ELSE 'workspace:' || d.workspace_id END
      FROM entity e
      JOIN collected_database d ON d.id = e.collected_database_id
     WHERE e.id::text = s.id;
    UPDATE search_group g
       SET visible_to = s.visible_to
      FROM (SELECT DISTINCT ON (group_id) group_id, visible_to FROM search_document) s
     WHERE s.group_id = g.id;
  `);
  await countAudiences(knex);
  await indexAgain(knex);
  await knex.raw(`
    DROP INDEX audit_event_person, audit_event_workspace, collected_database_leaving;
    ALTER TABLE collected_database DROP COLUMN visibility_set_at, DROP COLUMN visibility_set_by;
  `);
}

async function countAudiences(knex: Knex): Promise<void> {
  await knex.raw(`
    DELETE FROM search_audience;
    INSERT INTO search_audience (visible_to, documents)
    SELECT visible_to, count(*)::integer FROM search_document GROUP BY visible_to;
  `);
}

/** An index outside of PostgreSQL learns of the other marks as of any change: until then it shows too little. */
async function indexAgain(knex: Knex): Promise<void> {
  await knex.raw(`
    INSERT INTO search_outbox (entity_id, crawler_id)
    SELECT e.id, d.crawler_id
      FROM entity e
      JOIN collected_database d ON d.id = e.collected_database_id
     WHERE e.removed_at IS NULL
     ORDER BY e.id
  `);
}
