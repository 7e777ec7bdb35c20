import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import type { Throttle } from '../governor/limits.js';
import { appendRunLog } from './run-log.js';

/**
 * Holds a queued or running run to fewer databases at once, or to fewer queries a second. What is left out stays as it
 * is, null lifts it. Workers see it within a few seconds.
 * @returns the throttle that is on now, or undefined when the run is stopping or has ended
 */
export async function throttleRun(
  database: Database,
  runId: string,
  change: { [K in keyof Throttle]?: Throttle[K] | null },
  by: { name: string },
): Promise<Throttle | undefined> {
  const [run] = await query<{ throttle: Throttle | null }>(
    database,
    `UPDATE crawl_run
        SET throttle = nullif(jsonb_strip_nulls(coalesce(throttle, '{}') || :change::jsonb), '{}')
      WHERE id = :runId AND status IN ('queued', 'running')
      RETURNING throttle`,
    { runId, change: JSON.stringify(change) },
  );
  if (run === undefined) return undefined;
  const throttle = run.throttle ?? {};
  await appendRunLog(database, runId, [
    { level: 'info', step: 'throttle', message: `${by.name} ${inWords(throttle)}`, fields: { ...throttle } },
  ]);
  return throttle;
}

function inWords({ lanes, queriesPerSecond }: Throttle): string {
  const held = [
    ...(lanes === undefined ? [] : [lanes === 1 ? 'one database at once' : `${lanes} databases at once`]),
    ...(queriesPerSecond === undefined ? [] : [`${queriesPerSecond} queries a second`]),
  ];
  return held.length === 0 ? 'lifted the throttle of the run' : `holds the run to ${held.join(' and ')}`;
}
