import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { QuietHours } from './quiet-hours.js';

/** What a data source sets. What is left out is not limited. */
export interface SourceLimits {
  maxConnections?: number;
  queriesPerSecond?: number;
  quietHours?: QuietHours;
}

/** What a person held a run to while it was going. */
export interface Throttle {
  /** Databases read at once. */
  lanes?: number;
  queriesPerSecond?: number;
}

/** A physical server: every data source of the type that names the instance. */
export interface Server {
  sourceType: string;
  instance: string;
}

/** The limits of a server: of several data sources that name it, the tightest of each, and every quiet window. */
export interface ServerLimits extends Server {
  dataSourceId: string;
  maxConnections: number | null;
  queriesPerSecond: number | null;
  quietHours: QuietHours[];
}

const OF_SERVER = `
  SELECT s.id AS "dataSourceId", s.type AS "sourceType", s.instance, l.*
    FROM data_source s,
         LATERAL (SELECT min((o.limits ->> 'maxConnections')::int) AS "maxConnections",
                         min((o.limits ->> 'queriesPerSecond')::float8) AS "queriesPerSecond",
                         coalesce(jsonb_agg(o.limits -> 'quietHours') FILTER (WHERE o.limits -> 'quietHours' IS NOT NULL),
                                  '[]') AS "quietHours"
                    FROM data_source o
                   WHERE o.type = s.type AND o.instance = s.instance) l`;

/** @throws NotFound */
export async function limitsOfServer(database: Database, dataSourceId: string): Promise<ServerLimits> {
  const [limits] = await query<ServerLimits>(database, `${OF_SERVER} WHERE s.id = ?`, [dataSourceId]);
  if (limits === undefined) throw new NotFound('data source', dataSourceId);
  return limits;
}

export interface RunLimits extends ServerLimits {
  throttle: Throttle;
  despiteQuietHours: boolean;
}

/** The limits that a run is under now. @throws NotFound */
export async function limitsOfRun(database: Database, runId: string): Promise<RunLimits> {
  const [limits] = await query<RunLimits>(
    database,
    `SELECT l.*, coalesce(r.throttle, '{}') AS throttle, r.despite_quiet_hours AS "despiteQuietHours"
       FROM crawl_run r
       JOIN crawler c ON c.id = r.crawler_id
       JOIN (${OF_SERVER}) l ON l."dataSourceId" = c.data_source_id
      WHERE r.id = ?`,
    [runId],
  );
  if (limits === undefined) throw new NotFound('run', runId);
  return limits;
}

/** The limits that a crawler's runs are under. @throws NotFound */
export async function limitsOfCrawler(database: Database, crawlerId: string): Promise<ServerLimits> {
  const [limits] = await query<ServerLimits>(
    database,
    `${OF_SERVER} WHERE s.id = (SELECT c.data_source_id FROM crawler c WHERE c.id = ?)`,
    [crawlerId],
  );
  if (limits === undefined) throw new NotFound('crawler', crawlerId);
  return limits;
}
