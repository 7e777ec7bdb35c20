/**
 * What has become since of something a run changed, in SQL over run_change `r` of that run and its entity `e`: null
 * while it is as the run left it. What partitions a table had is not kept, so a change of them alone cannot go back.
 * @param revertRun the SQL of the id of the run that reverts, whose own changes do not count; null without one
 */
export const OBSTACLE = (revertRun: string): string => `
  CASE
    WHEN EXISTS (
           SELECT 1
             FROM run_change l
             JOIN crawl_run lr ON lr.id = l.run_id
             JOIN crawl_run rr ON rr.id = r.run_id
            WHERE l.entity_id = r.entity_id AND l.change <> 'held' AND lr.number > rr.number
              AND l.run_id IS DISTINCT FROM ${revertRun})
      OR (r.change = 'removed' AND e.removed_run_id IS DISTINCT FROM r.run_id)
      OR (r.change <> 'removed' AND (e.removed_at IS NOT NULL OR e.version <> r.to_version))
      THEN 'CHANGED_AGAIN'
    WHEN r.change = 'changed' AND r.from_version = r.to_version THEN 'PARTITIONS_NOT_KEPT'
    WHEN r.from_version < r.to_version AND NOT EXISTS (
           SELECT 1 FROM entity_version v WHERE v.entity_id = r.entity_id AND v.version = r.from_version)
      THEN 'VERSION_NOT_KEPT'
  END`;
