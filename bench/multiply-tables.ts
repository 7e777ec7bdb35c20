import type { Database } from '../db/database.js';
import { query } from '../db/query.js';

/**
 * Makes a crawled database `times` as large, with the rows that a crawl of so large a source leaves: entities, keys,
 * partitions and changes of the run. The synthetic source numbers its relations, and copies go on counting. They keep the hashes
 * of their originals, which nothing but another crawl would look at. Search is not told.
 * @param relations how many relations of the source were crawled
 */
export async function multiplyTables(
  database: Database,
  { databaseName, relations, times }: { databaseName: string; relations: number; times: number },
): Promise<void> {
  await database.transaction(async (transaction) => {
    await query(
      transaction,
      `CREATE TEMPORARY TABLE copied ON COMMIT DROP AS
       SELECT nextval('entity_id_seq') AS id, e.id AS original, turn,
              (regexp_match(e.name, '[0-9]+'))[1]::integer AS number
         FROM collected_database d
         JOIN entity e ON e.collected_database_id = d.id AND e.kind = 'table' AND e.removed_at IS NULL
        CROSS JOIN generate_series(1, :times::integer - 1) AS turn
        WHERE d.name = :databaseName`,
      { databaseName, times },
    );
    const renumbered = (text: string) =>
      `replace(${text}, c.number::text, (c.number + c.turn * :relations::integer)::text)`;
    await query(
      transaction,
      `INSERT INTO entity (id, guid, kind, type, collected_database_id, schema_name, name, owner, comment, structure,
                           column_count, hash, partition_hash, version, created_at, changed_at, changed_run_id)
       SELECT c.id, left(e.guid, -length(e.name)) || ${renumbered('e.name')}, e.kind, e.type, e.collected_database_id,
              e.schema_name, ${renumbered('e.name')}, e.owner, ${renumbered('e.comment')}, e.structure,
              e.column_count, e.hash, e.partition_hash, e.version, e.created_at, e.changed_at, e.changed_run_id
         FROM copied c
         JOIN entity e ON e.id = c.original`,
      { relations },
    );
    await transaction.raw(
      `INSERT INTO source_object
       SELECT o.collected_database_id, o.native_key || '.' || c.turn, c.id, o.fingerprint, o.hash, o.row_estimate, o.size_bytes
         FROM copied c
         JOIN source_object o ON o.entity_id = c.original`,
    );
    await transaction.raw(
      `INSERT INTO table_partition
       SELECT c.id, p.name || '.' || c.turn, p.ordinal, p.bound, p.parent, p.row_estimate, p.size_bytes, p.properties
         FROM copied c
         JOIN table_partition p ON p.entity_id = c.original`,
    );
    await transaction.raw(
      `INSERT INTO run_change
       SELECT r.run_id, c.id, r.change, r.from_version, r.to_version
         FROM copied c
         JOIN run_change r ON r.entity_id = c.original`,
    );
  });
}
