import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { isForeignKeyViolation } from '../../db/violations.js';
import { GroupUnknown } from '../groups/errors.js';

import { storedJson } from '../model/stored-text.js';
import type { Failure } from '../runs/run-state.js';
import { storedFailure } from '../runs/stored-failure.js';

/** A database as a source lists it. */
export interface FoundDatabase {
  name: string;
  comment?: string;
  system?: boolean;
  /** Why the account may not open it, where it may not. */
  unavailable?: string;
}

export interface ListedDatabase extends FoundDatabase {
  /** In full; who shows it to a person first takes out owners in workspaces that person may not see. */
  ownedBy: { crawlerId: string; name: string; workspaceId: string } | null;
}

export interface DatabaseListing {
  id: string;
  dataSourceId: string;
  workspaceId: string;
  resourceGroupId: string;
  status: 'queued' | 'done' | 'failed';
  /** By name; empty until it is done. */
  databases: ListedDatabase[];
  error: Failure | null;
  createdAt: Date;
  endedAt: Date | null;
}

/** @throws NotFound when the data source is gone; GroupUnknown */
export async function createListing(
  database: Database,
  listing: { listingId: string; dataSourceId: string; resourceGroupId: string },
): Promise<void> {
  try {
    const created = await query(
      database,
      `INSERT INTO database_listing (id, data_source_id, resource_group_id)
       SELECT :listingId::uuid, s.id, :resourceGroupId FROM data_source s WHERE s.id = :dataSourceId
       RETURNING id`,
      listing,
    );
    if (created.length === 0) throw new NotFound('data source', listing.dataSourceId);
  } catch (error) {
    if (isForeignKeyViolation(error, 'database_listing_resource_group_id_fkey'))
      throw new GroupUnknown(listing.resourceGroupId);
    throw error;
  }
}

/** Ends a listing with what was found, or with why nothing was. One that ended keeps its ending. */
export async function finishListing(
  database: Database,
  listingId: string,
  result: { databases: readonly FoundDatabase[] } | { error: Failure },
): Promise<void> {
  const failed = 'error' in result;
  await query(
    database,
    `UPDATE database_listing SET status = :status, databases = :databases, error = :error, ended_at = now()
      WHERE id = :listingId AND status = 'queued'`,
    {
      listingId,
      status: failed ? 'failed' : 'done',
      databases: storedJson(failed ? [] : result.databases),
      error: failed ? JSON.stringify(storedFailure(result.error)) : null,
    },
  );
}

/** A listing with the crawler that owns each database as it stands now. @throws NotFound */
export async function getListing(database: Database, listingId: string): Promise<DatabaseListing> {
  const [listing] = await query<DatabaseListing>(
    database,
    `SELECT l.id, l.data_source_id AS "dataSourceId", s.workspace_id AS "workspaceId",
            l.resource_group_id AS "resourceGroupId", l.status, l.error, l.created_at AS "createdAt", l.ended_at AS "endedAt",
            coalesce((
              SELECT jsonb_agg(
                       f.found || jsonb_build_object('ownedBy', CASE WHEN c.id IS NULL THEN NULL ELSE
                         jsonb_build_object('crawlerId', c.id, 'name', c.name, 'workspaceId', c.workspace_id) END)
                       ORDER BY f.found ->> 'name')
                FROM jsonb_array_elements(l.databases) AS f (found)
                LEFT JOIN collected_database d
                  ON d.source_type = s.type AND d.instance = s.instance AND d.name = f.found ->> 'name' AND d.retired_at IS NULL
                LEFT JOIN crawler c ON c.id = d.crawler_id
            ), '[]') AS databases
       FROM database_listing l
       JOIN data_source s ON s.id = l.data_source_id
      WHERE l.id = ?`,
    [listingId],
  );
  if (listing === undefined) throw new NotFound('database listing', listingId);
  return listing;
}
