import type { Database } from '../db/database.js';

/** Of a crawler's waiting changes at most so many are counted. */
const MOST_COUNTED = 10_000;

export interface Watermark {
  /** Everything that runs up to this number found can be found. Null while there is no such run. */
  completeUpToRun: number | null;
  /** Crawlers with changes on their way into the index, longest waiting first. */
  indexing: { crawlerId: string; waiting: number; since: Date }[];
}

/**
 * Notes on runs that what they found can be found now: nothing of their crawler that is as old as their last change
 * waits in the outbox. An open run that goes on publishing loses the note again until that is drained too.
 */
export async function markSearchable(database: Database): Promise<void> {
  await database.raw(`
    WITH standing AS (
      SELECT r.id,
             r.searchable_at,
             r.ended_at IS NOT NULL AS ended,
             r.outbox_mark IS NOT NULL AND EXISTS (
               SELECT FROM search_outbox o WHERE o.crawler_id = r.crawler_id AND o.id <= r.outbox_mark
             ) AS waits,
             r.outbox_mark IS NULL AS unpublished
      FROM crawl_run r
      WHERE r.searchable_at IS NULL OR r.status IN ('queued', 'running', 'stopping')
    )
    UPDATE crawl_run r
    SET searchable_at = CASE WHEN s.waits THEN NULL ELSE now() END
    FROM standing s
    WHERE r.id = s.id
      AND (s.ended OR NOT s.unpublished)
      AND (s.searchable_at IS NULL) <> s.waits`);
}

/** How far search is behind the runs. A run that is open is not complete, whatever of it can be found already. */
export async function watermark(database: Database): Promise<Watermark> {
  const { rows } = await database.raw<{ rows: { complete: string | null }[] }>(`
    SELECT max(number) AS complete
    FROM crawl_run
    WHERE number < coalesce(
      (SELECT min(number) FROM crawl_run
       WHERE searchable_at IS NULL OR status IN ('queued', 'running', 'stopping')),
      9223372036854775807)`);
  const waiting = await database.raw<{ rows: { crawler_id: string; waiting: number; since: Date }[] }>(
    // Steps from crawler to crawler along the index, instead of reading an outbox that may hold a million rows.
    `WITH RECURSIVE waiting (crawler_id) AS (
       (SELECT crawler_id FROM search_outbox WHERE crawler_id IS NOT NULL ORDER BY crawler_id LIMIT 1)
       UNION ALL
       SELECT (SELECT o.crawler_id FROM search_outbox o WHERE o.crawler_id > w.crawler_id ORDER BY o.crawler_id LIMIT 1)
       FROM waiting w WHERE w.crawler_id IS NOT NULL
     )
     SELECT w.crawler_id, counted.waiting, oldest.since
     FROM waiting w
     CROSS JOIN LATERAL (
       SELECT count(*)::integer AS waiting
       FROM (SELECT FROM search_outbox o WHERE o.crawler_id = w.crawler_id LIMIT ?) AS few
     ) AS counted
     CROSS JOIN LATERAL (
       SELECT o.enqueued_at AS since FROM search_outbox o WHERE o.crawler_id = w.crawler_id ORDER BY o.crawler_id, o.id LIMIT 1
     ) AS oldest
     WHERE w.crawler_id IS NOT NULL
     ORDER BY oldest.since`,
    [MOST_COUNTED],
  );
  const complete = rows[0]?.complete ?? null;
  return {
    completeUpToRun: complete === null ? null : Number(complete),
    indexing: waiting.rows.map((row) => ({ crawlerId: row.crawler_id, waiting: row.waiting, since: row.since })),
  };
}
