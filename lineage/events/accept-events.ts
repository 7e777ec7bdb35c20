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

/** What one request asks to be kept. */
interface Request extends Sender {
  rows: { digest: string; text: string }[];
  kept(): void;
  failed(error: unknown): void;
}

/** Characters of events that go into one statement, when more than one request waits. */
const FILL = 4_000_000;

const queues = new WeakMap<Database, Request[]>();

/**
 * Keeps events; when it returns nothing loses them. What they say is folded into the map afterwards. An event that was sent
 * before is left as it is. While one statement is under way, further requests wait and share the next one: a commit for
 * each of many small events would cost more than all else.
 * @throws NotFound when the workspace is gone
 */
export function acceptEvents(database: Database, sender: Sender, events: readonly OpenLineageEvent[]): Promise<void> {
  const rows = events.map((event) => {
    const text = JSON.stringify(event);
    const whole = `${sender.workspaceId ?? ''}\n${text}`;
    return { text, digest: createHash('sha256').update(whole).digest('hex') };
  });
  return new Promise<void>((kept, failed) => {
    const waiting = queues.get(database);
    const request = { ...sender, rows, kept, failed };
    if (waiting !== undefined) {
      waiting.push(request);
      return;
    }
    const queue = [request];
    queues.set(database, queue);
    void keepAll(database, queue);
  });
}

/** Never rejects: each request hears of its own. */
async function keepAll(database: Database, queue: Request[]): Promise<void> {
  for (;;) {
    const together: Request[] = [];
    for (let size = 0; queue[0] !== undefined && (together.length === 0 || size < FILL); ) {
      const request = queue.shift() as Request;
      size += request.rows.reduce((sum, { text }) => sum + text.length, 0);
      together.push(request);
    }
    if (together.length === 0) {
      // Here and not later: whoever comes next must find that nobody works on this queue.
      queues.delete(database);
      return;
    }
    await keep(database, together);
  }
}

async function keep(database: Database, requests: readonly Request[]): Promise<void> {
  try {
    await insert(database, requests);
    for (const request of requests) request.kept();
  } catch (error) {
    // One that cannot be kept must not take the others with it.
    if (requests.length > 1 && isForeignKeyViolation(error)) {
      for (const request of requests) await keep(database, [request]);
      return;
    }
    for (const { workspaceId, failed } of requests)
      failed(isForeignKeyViolation(error) ? new NotFound('workspace', workspaceId ?? '') : error);
  }
}

async function insert(database: Database, requests: readonly Request[]): Promise<void> {
  const rows = requests.flatMap(({ workspaceId, personId, rows: of }) =>
    of.map((row) => ({ ...row, workspaceId, personId })),
  );
  await query(
    database,
    `INSERT INTO lineage_event (workspace_id, digest, event, sent_by)
     SELECT CAST(nullif(w.workspace_id, '') AS uuid), decode(w.digest, 'hex'), w.event, w.person_id
     FROM ROWS FROM (
       unnest(CAST(:workspaces AS text[])), unnest(CAST(:digests AS text[])), unnest(CAST(:texts AS text[])),
       unnest(CAST(:people AS uuid[]))
     ) AS w(workspace_id, digest, event, person_id)
     -- In one order, so that two processes which keep the same events wait for one another in it.
     ORDER BY w.digest
     ON CONFLICT (digest) DO NOTHING`,
    {
      workspaces: rows.map(({ workspaceId }) => workspaceId ?? ''),
      digests: rows.map(({ digest }) => digest),
      texts: rows.map(({ text }) => text),
      people: rows.map(({ personId }) => personId),
    },
  );
}
