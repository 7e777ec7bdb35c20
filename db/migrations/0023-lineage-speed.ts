import type { Knex } from 'knex';

/**
 * Each edge says in which databases its ends are, which never changes: who may see them is then known without going from
 * node to entity, a hundred thousand times at a hub. The indexes hold all that counting neighbours needs. And what a view
 * names in vain is kept, so that a run need not read it again to find that out.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- Null for an end that is not on the map.
    ALTER TABLE lineage_edge ADD COLUMN upstream_database_id bigint, ADD COLUMN downstream_database_id bigint;
    UPDATE lineage_edge l
       SET upstream_database_id = u.collected_database_id, downstream_database_id = d.collected_database_id
      FROM lineage_node un
      LEFT JOIN entity u ON u.id = un.entity_id,
           lineage_node dn
      LEFT JOIN entity d ON d.id = dn.entity_id
     WHERE un.id = l.upstream AND dn.id = l.downstream;
    DROP INDEX lineage_edge_down, lineage_edge_up;
    CREATE INDEX lineage_edge_down ON lineage_edge (upstream, downstream) INCLUDE (valid_to, downstream_database_id);
    CREATE INDEX lineage_edge_up ON lineage_edge (downstream, upstream) INCLUDE (valid_to, upstream_database_id);

    -- Guids that a view names and nothing living had when it was read: it is read again when one of them appears.
    ALTER TABLE lineage_process ADD COLUMN missing text[] NOT NULL DEFAULT '{}';
    -- Of those read before, nobody wrote them down: they are read once more.
    UPDATE lineage_process SET entity_version = NULL WHERE kind = 'view' AND unresolved > 0;
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    DROP INDEX lineage_edge_down, lineage_edge_up;
    ALTER TABLE lineage_process DROP COLUMN missing;
    ALTER TABLE lineage_edge DROP COLUMN upstream_database_id, DROP COLUMN downstream_database_id;
    CREATE INDEX lineage_edge_down ON lineage_edge (upstream, downstream, id);
    CREATE INDEX lineage_edge_up ON lineage_edge (downstream, upstream, id);
  `);
}
