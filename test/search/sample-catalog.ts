import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';

export interface SampleCatalog {
  crawlerId: string;
  workspaceId: string;
  collectedDatabaseId: string;
  addTable(name: string, columns?: { name: string; comment?: string }[]): Promise<string>;
  /** Puts entities into the outbox, as a merge does; returns the ids of the rows. */
  enqueue(...entityIds: string[]): Promise<string[]>;
}

/** A workspace with a source, a crawler and one collected database, to hang entities on. */
export async function sampleCatalog(
  database: Database,
  name = `shop_${randomUUID().slice(0, 8)}`,
): Promise<SampleCatalog> {
  const one = async (sql: string, bindings: (string | null)[]) => {
    const { rows } = await database.raw<{ rows: { id: string }[] }>(sql, bindings as string[]);
    return (rows[0] as { id: string }).id;
  };
  await database.raw(`INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`);
  const workspaceId = await one('INSERT INTO workspace (name) VALUES (?) RETURNING id', [`Workspace of ${name}`]);
  const dataSourceId = await one(
    `INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
     VALUES (?, ?, 'postgresql', 'db.example:5432', 'production', '{}') RETURNING id`,
    [workspaceId, `Source of ${name}`],
  );
  const crawlerId = await one(
    `INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name) VALUES (?, ?, 'default', ?) RETURNING id`,
    [workspaceId, dataSourceId, `Crawler of ${name}`],
  );
  const collectedDatabaseId = await one(
    `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
     VALUES (?, ?, ?, 'postgresql', 'db.example:5432', ?) RETURNING id`,
    [crawlerId, dataSourceId, workspaceId, name],
  );
  return {
    crawlerId,
    workspaceId,
    collectedDatabaseId,
    addTable: (table, columns = [{ name: 'id' }]) =>
      one(
        `INSERT INTO entity (guid, kind, type, collected_database_id, schema_name, name, structure, hash, changed_run_id)
         VALUES (?, 'table', 'TABLE', ?, 'public', ?, ?, '\\x00', gen_random_uuid()) RETURNING id`,
        [
          `postgresql-table:db.example%3A5432::${name}:public:${table}`,
          collectedDatabaseId,
          table,
          JSON.stringify({
            columns: columns.map((column, at) => ({ ...column, ordinal: at + 1, type: 'text', nullable: true })),
          }),
        ],
      ),
    enqueue: async (...entityIds) => {
      const { rows } = await database.raw<{ rows: { id: string }[] }>(
        'INSERT INTO search_outbox (entity_id, crawler_id) SELECT unnest(?::bigint[]), ?::uuid RETURNING id',
        [entityIds, crawlerId],
      );
      return rows.map(({ id }) => id);
    },
  };
}
