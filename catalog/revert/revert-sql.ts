import { OBSTACLE } from './what-to-revert.js';

/**
 * What a pass takes back, as a condition on run_change `r` and entity `e`. What goes comes first, so that its names
 * are free for what had them; a schema goes once its tables have.
 */
export const PASSES = [
  `r.change IN ('added', 'restored') AND e.kind = 'table'`,
  `r.change IN ('added', 'restored') AND e.kind <> 'table'`,
  `r.change = 'changed'`,
  `r.change = 'removed'`,
] as const;

/** $1 reverted run, $2 collected database, $3 last entity, $4 limit, $5 run that reverts. */
export const NEXT_CHANGES = (pass: number): string => `
  SELECT r.entity_id AS id, r.change, r.from_version AS "fromVersion", r.to_version AS "toVersion", e.version, e.kind,
         e.schema_name AS schema, e.name, split_part(e.guid, '#', 1) AS guid, v.guid AS "formerGuid",
         ${OBSTACLE('$5::uuid')} AS obstacle,
         (e.kind = 'schema' AND EXISTS (
           SELECT 1
           FROM entity t
           WHERE t.collected_database_id = $2 AND t.kind = 'table' AND t.schema_name = e.schema_name
             AND t.removed_at IS NULL
         )) AS "inUse"
  FROM run_change r
  JOIN entity e ON e.id = r.entity_id AND e.collected_database_id = $2
  LEFT JOIN entity_version v ON v.entity_id = e.id AND v.version = r.from_version AND r.from_version < r.to_version
  WHERE r.run_id = $1 AND r.entity_id > $3::bigint AND ${PASSES[pass]}
  ORDER BY r.entity_id
  LIMIT $4`;

/**
 * Living entities that hold guids which others are to have again, and whether they give way: their own turn is still to
 * come. $1 guids, $2 reverted run.
 */
export const HOLDERS = `
  SELECT h.id, h.guid, EXISTS (
           SELECT 1
           FROM run_change hr
           WHERE hr.run_id = $2 AND hr.entity_id = h.id AND hr.change = 'changed'
             AND hr.from_version < hr.to_version AND h.version = hr.to_version
         ) AS yields
  FROM entity h
  WHERE h.guid = ANY($1::text[]) AND h.removed_at IS NULL`;

/** $1 ids. */
export const KEEP_PRESENT = `
  INSERT INTO entity_version (entity_id, version, run_id, recorded_at, guid, type, owner, comment, structure, hash)
  SELECT id, version, changed_run_id, changed_at, split_part(guid, '#', 1), type, owner, comment, structure, hash
  FROM entity
  WHERE id = ANY($1::bigint[])`;

/** Gives entities the content of an earlier version, as a new one. $1 run, $2 ids, $3 versions, $4 schemas, $5 names. */
export const BRING_BACK = `
  UPDATE entity e
  SET guid = v.guid,
      type = v.type,
      schema_name = c.schema_name,
      name = c.name,
      owner = v.owner,
      comment = v.comment,
      structure = v.structure,
      column_count = coalesce(jsonb_array_length(v.structure::jsonb -> 'columns'), 0),
      hash = v.hash,
      version = e.version + 1,
      changed_at = now(),
      changed_run_id = $1
  FROM unnest($2::bigint[], $3::integer[], $4::text[], $5::text[]) AS c (id, version, schema_name, name)
  JOIN entity_version v ON v.entity_id = c.id AND v.version = c.version
  WHERE e.id = c.id`;

/** The next crawl reads these again, and compares what it reads with nothing. $1 ids. */
export const FORGET_CONTENT = `UPDATE source_object SET fingerprint = '', hash = '' WHERE entity_id = ANY($1::bigint[])`;

/**
 * Brings tombstones back to life. Their keys at the source are gone: under keys that no listing shows the next crawl
 * finds them missing, or takes them over by name. $1 ids, $2 how such keys begin.
 */
export const RESTORE = `
  WITH restored AS (
    UPDATE entity
    SET removed_at = NULL, removed_run_id = NULL
    WHERE id = ANY($1::bigint[])
    RETURNING id, kind, collected_database_id
  )
  INSERT INTO source_object (collected_database_id, native_key, entity_id, fingerprint, hash)
  SELECT collected_database_id, $2 || kind || ':' || id, id, '', ''
  FROM restored
  ON CONFLICT DO NOTHING`;
