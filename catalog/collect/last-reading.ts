import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';

/** What the catalog remembers of how a database was read last; null where it was never told. */
export interface LastReading {
  /** Who the server was. */
  server: string | null;
  /** The database's own number at that server. */
  databaseIdentity: string | null;
  /** The account. */
  readAs: string | null;
  /** The digest of what the account may do. */
  privileges: string | null;
  /** How far the server's history had come, as a whole number in decimal text. */
  position: string | null;
}

/**
 * Reads it, once nobody is taking tables of the database off the map any more: what is loaded of the catalog after that
 * stays true as long as a unit of the database is being collected.
 */
export async function lastReading(database: Database, collectedDatabaseId: string): Promise<LastReading> {
  const [row] = await query<LastReading>(
    database,
    `SELECT server_identity AS server, database_identity AS "databaseIdentity", read_as AS "readAs", privileges,
            history_position::text AS position
       FROM collected_database
      WHERE id = ?
        FOR SHARE`,
    [collectedDatabaseId],
  );
  return row ?? { server: null, databaseIdentity: null, readAs: null, privileges: null, position: null };
}
