import type { Knex } from 'knex';

/**
 * That an edge has its nodes and its process is checked once for a statement that writes edges, and not three times for each
 * edge: two fifths of writing them. Triggers do what the foreign keys did, for every writer (decision 35).
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE lineage_edge
      DROP CONSTRAINT lineage_edge_upstream_fkey,
      DROP CONSTRAINT lineage_edge_downstream_fkey,
      DROP CONSTRAINT lineage_edge_process_id_fkey;

    -- Planned without looking at how many there are: each is looked up by its key, which a plan for a thousand may not do.
    CREATE FUNCTION lineage_edges_have_their_ends() RETURNS trigger LANGUAGE plpgsql
      SET plan_cache_mode = force_generic_plan AS $$
    DECLARE
      processes bigint[] := ARRAY(SELECT DISTINCT process_id FROM begun);
      nodes bigint[] := ARRAY(SELECT upstream FROM begun UNION SELECT downstream FROM begun);
      there bigint;
    BEGIN
      -- Locked as a foreign key locks them: whoever deletes one waits for this transaction and then finds its edges, and one
      -- that somebody deletes now is waited for, and then is not there. In order, so that no two writers wait for each other.
      PERFORM FROM unnest(processes) AS w(id) JOIN lineage_process p USING (id) ORDER BY p.id FOR KEY SHARE OF p;
      GET DIAGNOSTICS there = ROW_COUNT;
      IF there < cardinality(processes) THEN
        RAISE foreign_key_violation USING MESSAGE = 'an edge of lineage has no process', TABLE = 'lineage_edge';
      END IF;
      PERFORM FROM unnest(nodes) AS w(id) JOIN lineage_node n USING (id) ORDER BY n.id FOR KEY SHARE OF n;
      GET DIAGNOSTICS there = ROW_COUNT;
      IF there < cardinality(nodes) THEN
        RAISE foreign_key_violation USING MESSAGE = 'an edge of lineage is without one of its nodes', TABLE = 'lineage_edge';
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_edge_between AFTER INSERT ON lineage_edge REFERENCING NEW TABLE AS begun
      FOR EACH STATEMENT EXECUTE FUNCTION lineage_edges_have_their_ends();

    -- Those that are open are found by lineage_edge_open, and nothing else asks for the others of a process.
    DROP INDEX lineage_edge_process;
    CREATE INDEX lineage_edge_ended ON lineage_edge (process_id) WHERE valid_to IS NOT NULL;

    CREATE FUNCTION lineage_edge_keeps_its_ends() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE feature_not_supported USING MESSAGE = 'an edge of lineage keeps its nodes and its process';
    END $$;
    CREATE TRIGGER lineage_edge_stays BEFORE UPDATE OF upstream, downstream, process_id ON lineage_edge
      FOR EACH STATEMENT EXECUTE FUNCTION lineage_edge_keeps_its_ends();

    CREATE FUNCTION delete_edges_of_nodes() RETURNS trigger LANGUAGE plpgsql
      SET plan_cache_mode = force_generic_plan AS $$
    DECLARE
      nodes bigint[] := ARRAY(SELECT id FROM deleted);
    BEGIN
      DELETE FROM lineage_edge l USING unnest(nodes) AS gone(id) WHERE l.upstream = gone.id;
      DELETE FROM lineage_edge l USING unnest(nodes) AS gone(id) WHERE l.downstream = gone.id;
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_node_deleted AFTER DELETE ON lineage_node REFERENCING OLD TABLE AS deleted
      FOR EACH STATEMENT EXECUTE FUNCTION delete_edges_of_nodes();

    CREATE FUNCTION delete_edges_of_processes() RETURNS trigger LANGUAGE plpgsql
      SET plan_cache_mode = force_generic_plan AS $$
    DECLARE
      processes bigint[] := ARRAY(SELECT id FROM deleted);
    BEGIN
      DELETE FROM lineage_edge l USING unnest(processes) AS gone(id) WHERE l.process_id = gone.id AND l.valid_to IS NULL;
      DELETE FROM lineage_edge l USING unnest(processes) AS gone(id)
       WHERE l.process_id = gone.id AND l.valid_to IS NOT NULL;
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_process_deleted AFTER DELETE ON lineage_process REFERENCING OLD TABLE AS deleted
      FOR EACH STATEMENT EXECUTE FUNCTION delete_edges_of_processes();

    CREATE FUNCTION empty_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      TRUNCATE lineage_edge CASCADE;
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_node_emptied AFTER TRUNCATE ON lineage_node FOR EACH STATEMENT EXECUTE FUNCTION empty_edges();
    CREATE TRIGGER lineage_process_emptied AFTER TRUNCATE ON lineage_process
      FOR EACH STATEMENT EXECUTE FUNCTION empty_edges();
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER lineage_process_emptied ON lineage_process;
    DROP TRIGGER lineage_node_emptied ON lineage_node;
    DROP TRIGGER lineage_process_deleted ON lineage_process;
    DROP TRIGGER lineage_node_deleted ON lineage_node;
    DROP TRIGGER lineage_edge_stays ON lineage_edge;
    DROP TRIGGER lineage_edge_between ON lineage_edge;
    DROP FUNCTION empty_edges, delete_edges_of_processes, delete_edges_of_nodes, lineage_edge_keeps_its_ends,
      lineage_edges_have_their_ends;
    DROP INDEX lineage_edge_ended;
    CREATE INDEX lineage_edge_process ON lineage_edge (process_id);
    ALTER TABLE lineage_edge
      ADD FOREIGN KEY (upstream) REFERENCES lineage_node ON DELETE CASCADE,
      ADD FOREIGN KEY (downstream) REFERENCES lineage_node ON DELETE CASCADE,
      ADD FOREIGN KEY (process_id) REFERENCES lineage_process ON DELETE CASCADE;
  `);
}
