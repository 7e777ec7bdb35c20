import type { Knex } from 'knex';

/**
 * How many neighbours a node of lineage has, counted beside the edges. Triggers note what changes, so that no statement
 * that writes edges, wherever it stands, can forget to; what was noted is counted later by one at a time, so that no
 * writer waits for another at a hub.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Whose an end is that is not on the map and was named by events of a workspace. Kept with the edge like the databases,
    -- because an edge may outlive the node for the rest of the statement that deletes both.
    ALTER TABLE lineage_edge ADD COLUMN upstream_workspace_id uuid, ADD COLUMN downstream_workspace_id uuid;
    -- Every run says of its edges that they were seen again: with room beside them no index hears of it.
    ALTER TABLE lineage_edge SET (fillfactor = 85);

    CREATE FUNCTION lineage_edge_knows_its_ends() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      SELECT e.collected_database_id, n.workspace_id
        INTO NEW.upstream_database_id, NEW.upstream_workspace_id
        FROM lineage_node n LEFT JOIN entity e ON e.id = n.entity_id
       WHERE n.id = NEW.upstream;
      SELECT e.collected_database_id, n.workspace_id
        INTO NEW.downstream_database_id, NEW.downstream_workspace_id
        FROM lineage_node n LEFT JOIN entity e ON e.id = n.entity_id
       WHERE n.id = NEW.downstream;
      RETURN NEW;
    END $$;
    -- Both ends on the map and named by the writer: nothing to look up.
    CREATE TRIGGER lineage_edge_ends BEFORE INSERT ON lineage_edge FOR EACH ROW
      WHEN (NEW.upstream_database_id IS NULL OR NEW.downstream_database_id IS NULL)
      EXECUTE FUNCTION lineage_edge_knows_its_ends();
    UPDATE lineage_edge l
       SET upstream_workspace_id = u.workspace_id, downstream_workspace_id = d.workspace_id
      FROM lineage_node u, lineage_node d
     WHERE u.id = l.upstream AND d.id = l.downstream AND num_nonnulls(u.workspace_id, d.workspace_id) > 0;

    -- Neighbours of a node on one side, by who may see them: those in a database, or, outside of the map, those of a workspace
    -- or of nobody. Each neighbour once, however many processes move data between the two. Where there are none is no row.
    CREATE TABLE lineage_degree (
      node         bigint NOT NULL,
      -- Those that data goes to; else those that it comes from.
      downstream   boolean NOT NULL,
      database_id  bigint,
      workspace_id uuid,
      neighbours   integer NOT NULL CHECK (neighbours > 0)
    );
    CREATE UNIQUE INDEX lineage_degree_of ON lineage_degree
      (node, downstream, coalesce(database_id, 0), coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'));

    -- Between which nodes edges began or ended, and how many more there are since, that lineage_degree does not count yet.
    CREATE TABLE lineage_degree_change (
      upstream   bigint NOT NULL,
      downstream bigint NOT NULL,
      upstream_database_id    bigint,
      downstream_database_id  bigint,
      upstream_workspace_id   uuid,
      downstream_workspace_id uuid,
      edges      bigint NOT NULL
    );
    CREATE INDEX lineage_degree_change_down ON lineage_degree_change (upstream, downstream);
    CREATE INDEX lineage_degree_change_up ON lineage_degree_change (downstream, upstream);

    CREATE FUNCTION note_begun_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO lineage_degree_change
      SELECT ${PAIR}, count(*) FROM begun WHERE valid_to IS NULL GROUP BY ${PAIR};
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_edge_begun AFTER INSERT ON lineage_edge REFERENCING NEW TABLE AS begun
      FOR EACH STATEMENT EXECUTE FUNCTION note_begun_edges();

    CREATE FUNCTION note_changed_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO lineage_degree_change
      SELECT ${PAIR}, sum(edges)
        FROM (SELECT ${PAIR}, -1 AS edges FROM before WHERE valid_to IS NULL
              UNION ALL
              SELECT ${PAIR}, 1 FROM after WHERE valid_to IS NULL) changed
       GROUP BY ${PAIR}
      HAVING sum(edges) <> 0;
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_edge_changed AFTER UPDATE ON lineage_edge REFERENCING OLD TABLE AS before NEW TABLE AS after
      FOR EACH STATEMENT EXECUTE FUNCTION note_changed_edges();

    CREATE FUNCTION note_deleted_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO lineage_degree_change
      SELECT ${PAIR}, -count(*) FROM deleted WHERE valid_to IS NULL GROUP BY ${PAIR};
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_edge_deleted AFTER DELETE ON lineage_edge REFERENCING OLD TABLE AS deleted
      FOR EACH STATEMENT EXECUTE FUNCTION note_deleted_edges();

    CREATE FUNCTION note_no_edges() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      TRUNCATE lineage_degree, lineage_degree_change;
      RETURN NULL;
    END $$;
    CREATE TRIGGER lineage_edge_emptied AFTER TRUNCATE ON lineage_edge FOR EACH STATEMENT EXECUTE FUNCTION note_no_edges();

    INSERT INTO lineage_degree
    SELECT upstream, true, downstream_database_id, downstream_workspace_id, count(DISTINCT downstream)
      FROM lineage_edge WHERE valid_to IS NULL
     GROUP BY 1, 2, 3, 4
    UNION ALL
    SELECT downstream, false, upstream_database_id, upstream_workspace_id, count(DISTINCT upstream)
      FROM lineage_edge WHERE valid_to IS NULL
     GROUP BY 1, 2, 3, 4;
  `);
}

const PAIR = `upstream, downstream, upstream_database_id, downstream_database_id, upstream_workspace_id,
             downstream_workspace_id`;

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP TRIGGER lineage_edge_emptied ON lineage_edge;
    DROP TRIGGER lineage_edge_deleted ON lineage_edge;
    DROP TRIGGER lineage_edge_changed ON lineage_edge;
    DROP TRIGGER lineage_edge_begun ON lineage_edge;
    DROP TRIGGER lineage_edge_ends ON lineage_edge;
    DROP FUNCTION note_no_edges, note_deleted_edges, note_changed_edges, note_begun_edges, lineage_edge_knows_its_ends;
    DROP TABLE lineage_degree_change, lineage_degree;
    ALTER TABLE lineage_edge RESET (fillfactor);
    ALTER TABLE lineage_edge DROP COLUMN upstream_workspace_id, DROP COLUMN downstream_workspace_id;
  `);
}
