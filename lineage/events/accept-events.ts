import { createHash } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import { isForeignKeyViolation } from '../../db/violations.js';
import type { OpenLineageEvent } from './event-shape.js';

/** Whose events they are. */
export interface Sender {
  /** Null for events that speak of the whole tenant. */
  workspaceId: string | null;
  personId: string;
}

/**
 * Keeps events, in one statement; from then on nothing loses them. What they say is folded into the map afterwards. An event
 * that was sent before is left as it is. Returns how many are new.
 * @throws NotFound when the workspace is gone
 */
export async function acceptEvents(
  database: Database,
  { workspaceId, personId }: Sender,
  events: readonly OpenLineageEvent[],
): Promise<number> {
  const texts = events.map((event) => JSON.stringify(event));
  const digests = texts.map((text) =>
    createHash('sha256')
      .update(`${workspaceId ?? ''}\n${text}`)
      .digest('hex'),
  );
  const keeping = query(
    database,
    `INSERT INTO lineage_event (workspace_id, digest, event, sent_by)
     SELECT :workspaceId, decode(w.digest, 'hex'), w.event, :personId
     FROM ROWS FROM (unnest(CAST(:digests AS text[])), unnest(CAST(:texts AS text[]))) AS w(digest, event)
     ON CONFLICT (digest) DO NOTHING
     RETURNING 1`,
    { workspaceId, personId, digests, texts },
  );
  const kept = await keeping.catch((error: unknown) => {
    throw isForeignKeyViolation(error) ? new NotFound('workspace', workspaceId ?? '') : error;
  });
  return kept.length;
}
