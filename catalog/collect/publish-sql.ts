/**
 * The statements that merge one staged page. $1 run, $2 unit, $3 page throughout; what follows is named at each.
 * A page is a thousand rows, so each is a handful of index probes per row, and none looks at the rest of the unit.
 *
 * What was settled for each object comes back as an array of entity ids in the order of PAGE_CANDIDATES, 0 for an
 * object that the statement does not concern. A join with the settled rows would leave its method to the planner, whose
 * statistics of a staging table are always of some earlier run: it then compares each row with each other.
 */
const settledPage = (ids: string): string => `(
    SELECT place.*, (${ids}::bigint[])[place.number] AS entity_id
    FROM (
      SELECT s.*, row_number() OVER (ORDER BY s.native_key) AS number
      FROM staged_object s
      WHERE s.run_id = $1 AND s.unit = $2 AND s.page = $3 AND s.op = 'upsert'
    ) place
  )`;

/** An object's guid, marked where it gives way to another one of the page. */
function guidOf(givingWay: string): string {
  return `CASE WHEN s.entity_id = ANY(${givingWay}::bigint[]) THEN s.guid || '#' || s.entity_id ELSE s.guid END`;
}

/** Which operations the first page that is left holds. $1 run, $2 unit. */
export const NEXT_PAGE = `
  SELECT page, op, count(*)::int AS rows
  FROM staged_object
  WHERE run_id = $1 AND unit = $2
    AND page = (SELECT min(page) FROM staged_object WHERE run_id = $1 AND unit = $2)
  GROUP BY page, op`;

/**
 * Candidates for the identity of each upserted object. $4 collected database. The latest tombstone is gathered and not
 * taken by LIMIT, and its database is hidden from the planner: else it may go through all tombstones for each object.
 */
export const PAGE_CANDIDATES = `
  SELECT c.native_key AS "nativeKey", c.guid, c.kind, c.partition_hash IS NOT NULL AS "hasPartitions",
         c.known_id AS "knownId", c.holder_id AS "holderId", c.new_id AS "newId",
         e.id AS "entityId", e.version, e.removed_at IS NOT NULL AS removed,
         e.hash = c.structure_hash AS "sameStructure",
         e.partition_hash IS NOT DISTINCT FROM c.partition_hash AS "samePartitions",
         e.guid = c.guid AS "sameGuid"
  FROM (
    SELECT s.native_key, s.guid, s.kind, s.structure_hash, s.partition_hash,
           o.entity_id AS known_id,
           holder.id AS holder_id,
           CASE WHEN o.entity_id IS NULL THEN nextval('entity_id_seq') END AS new_id,
           CASE
             WHEN o.entity_id IS NOT NULL THEN o.entity_id
             WHEN holder.id IS NULL THEN (
               SELECT (array_agg(tombstone.id ORDER BY tombstone.removed_at DESC, tombstone.id DESC))[1]
               FROM entity tombstone
               WHERE tombstone.guid = s.guid AND tombstone.removed_at IS NOT NULL
                 AND tombstone.collected_database_id + 0 = $4
             )
             WHEN NOT EXISTS (
               SELECT 1
               FROM source_object h
               WHERE h.entity_id = holder.id
                 AND h.native_key NOT LIKE 'former-%'
                 AND NOT EXISTS (
                   SELECT 1
                   FROM staged_object m
                   WHERE m.run_id = $1 AND m.unit = $2 AND m.op = 'missing' AND m.native_key = h.native_key
                 )
             ) THEN holder.id
           END AS entity_id
    FROM staged_object s
    LEFT JOIN source_object o ON o.collected_database_id = $4 AND o.native_key = s.native_key
    LEFT JOIN entity holder ON holder.guid = s.guid AND holder.removed_at IS NULL
    WHERE s.run_id = $1 AND s.unit = $2 AND s.page = $3 AND s.op = 'upsert'
  ) c
  LEFT JOIN entity e ON e.id = c.entity_id
  ORDER BY c.native_key`;

/** Makes room for other objects of their names. $1 ids. A real guid never holds a \`#\`: it is percent-encoded. */
export const DISPLACE = `
  UPDATE entity SET guid = split_part(guid, '#', 1) || '#' || id WHERE id = ANY($1::bigint[])`;

/** $4 collected database, $5 ids, $6 those of them whose name another object of the page has. */
export const INSERT_ENTITIES = `
  INSERT INTO entity (
    id, guid, kind, type, collected_database_id, schema_name, name, owner, comment,
    structure, column_count, hash, partition_hash, changed_run_id
  )
  SELECT s.entity_id, ${guidOf('$6')}, s.kind, s.type, $4, s.schema_name, s.name, s.owner, s.comment,
         s.structure, s.column_count, s.structure_hash, s.partition_hash, s.run_id
  FROM ${settledPage('$5')} s
  WHERE s.entity_id <> 0`;

/** Keeps the structures that are about to be superseded. $4 ids. */
export const KEEP_VERSIONS = `
  INSERT INTO entity_version (entity_id, version, run_id, recorded_at, guid, type, owner, comment, structure, hash)
  SELECT e.id, e.version, e.changed_run_id, e.changed_at, split_part(e.guid, '#', 1), e.type, e.owner, e.comment,
         e.structure, e.hash
  FROM ${settledPage('$4')} s
  JOIN entity e ON e.id = s.entity_id
  WHERE e.hash <> s.structure_hash`;

/**
 * Brings entities to what was read; a tombstone comes back to life. An unchanged structure is assigned to itself, which
 * spares its large value a rewrite. $4 ids, $5 those of them whose name another object of the page has.
 */
export const UPDATE_ENTITIES = `
  UPDATE entity e
  SET guid = ${guidOf('$5')},
      type = s.type,
      schema_name = s.schema_name,
      name = s.name,
      owner = s.owner,
      comment = s.comment,
      structure = CASE WHEN e.hash = s.structure_hash THEN e.structure ELSE s.structure END,
      column_count = s.column_count,
      hash = s.structure_hash,
      partition_hash = s.partition_hash,
      version = CASE WHEN e.hash = s.structure_hash THEN e.version ELSE e.version + 1 END,
      changed_at = CASE WHEN e.hash = s.structure_hash THEN e.changed_at ELSE now() END,
      changed_run_id = CASE WHEN e.hash = s.structure_hash THEN e.changed_run_id ELSE s.run_id END,
      removed_at = NULL,
      removed_run_id = NULL
  FROM ${settledPage('$4')} s
  WHERE e.id = s.entity_id`;

/** An entity that was taken over by another object forgets the key of the one it was. $1 ids. */
export const FORGET_KEYS = `DELETE FROM source_object WHERE entity_id = ANY($1::bigint[])`;

/** $4 collected database, $5 ids. */
export const UPSERT_SOURCE_OBJECTS = `
  INSERT INTO source_object (
    collected_database_id, native_key, entity_id, fingerprint, hash, row_estimate, size_bytes
  )
  SELECT $4, s.native_key, s.entity_id, s.fingerprint, s.hash, s.row_estimate, s.size_bytes
  FROM ${settledPage('$5')} s
  ON CONFLICT (collected_database_id, native_key) DO UPDATE
  SET entity_id = excluded.entity_id,
      fingerprint = excluded.fingerprint,
      hash = excluded.hash,
      row_estimate = coalesce(excluded.row_estimate, source_object.row_estimate),
      size_bytes = coalesce(excluded.size_bytes, source_object.size_bytes)`;

/** Drops partitions that the new set does not have. $4 ids of tables whose set changed. */
export const DROP_PARTITIONS = `
  WITH changed AS (
    SELECT s.entity_id AS id, s.partitions
    FROM ${settledPage('$4')} s
    WHERE s.entity_id <> 0
  )
  DELETE FROM table_partition p
  USING (
    SELECT had.entity_id, had.name
    FROM changed
    JOIN table_partition had ON had.entity_id = changed.id
    EXCEPT
    SELECT changed.id, x ->> 'name'
    FROM changed
    CROSS JOIN LATERAL jsonb_array_elements(coalesce(changed.partitions, '[]')) AS x
  ) gone
  WHERE p.entity_id = gone.entity_id AND p.name = gone.name`;

/** Adds new partitions and rewrites those that differ. Parameters as in DROP_PARTITIONS. */
export const UPSERT_PARTITIONS = `
  INSERT INTO table_partition AS p (entity_id, name, ordinal, bound, parent, row_estimate, size_bytes, properties)
  SELECT DISTINCT ON (s.entity_id, x.name)
         s.entity_id, x.name, x.ordinal, x.bound, x.parent, x.rows::bigint, x.bytes::bigint,
         coalesce(x.properties, '{}')
  FROM ${settledPage('$4')} s
  CROSS JOIN LATERAL jsonb_to_recordset(s.partitions) AS x (
    name text, ordinal integer, bound text, parent text, rows numeric, bytes numeric, properties jsonb
  )
  WHERE s.entity_id <> 0
  ON CONFLICT (entity_id, name) DO UPDATE
  SET ordinal = excluded.ordinal,
      bound = excluded.bound,
      parent = excluded.parent,
      row_estimate = excluded.row_estimate,
      size_bytes = excluded.size_bytes,
      properties = excluded.properties
  WHERE (p.ordinal, p.bound, p.parent, p.row_estimate, p.size_bytes, p.properties)
        IS DISTINCT FROM
        (excluded.ordinal, excluded.bound, excluded.parent, excluded.row_estimate, excluded.size_bytes, excluded.properties)`;

/** $1 run, $2 entities, $3 changes, $4 from versions, $5 to versions. */
export const RECORD_CHANGES = `
  INSERT INTO run_change (run_id, entity_id, change, from_version, to_version)
  SELECT $1, c.entity_id, c.change, c.from_version, c.to_version
  FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::integer[]) AS c (entity_id, change, from_version, to_version)
  ON CONFLICT (run_id, entity_id) DO UPDATE SET to_version = excluded.to_version`;

/** $1 crawler, $2 entities. Gives the highest id. */
export const ENQUEUE_FOR_SEARCH = `
  WITH enqueued AS (
    INSERT INTO search_outbox (entity_id, crawler_id)
    SELECT entity_id, $1
    FROM unnest($2::bigint[]) AS entity_id
    RETURNING id
  )
  SELECT max(id) AS mark FROM enqueued`;

/** $4 collected database. */
export const TOUCH = `
  UPDATE source_object o
  SET fingerprint = s.fingerprint,
      row_estimate = coalesce(s.row_estimate, o.row_estimate),
      size_bytes = coalesce(s.size_bytes, o.size_bytes)
  FROM staged_object s
  WHERE s.run_id = $1 AND s.unit = $2 AND s.page = $3 AND s.op = 'touch'
    AND o.collected_database_id = $4 AND o.native_key = s.native_key`;

/** $4 collected database. */
export const MOVE_STATISTICS = `
  UPDATE source_object o
  SET row_estimate = coalesce(s.row_estimate, o.row_estimate),
      size_bytes = coalesce(s.size_bytes, o.size_bytes)
  FROM staged_object s
  WHERE s.run_id = $1 AND s.unit = $2 AND s.page = $3 AND s.op = 'statistics'
    AND o.collected_database_id = $4 AND o.native_key = s.native_key`;

/**
 * What is missing of a page and may be removed: tables outside the schemas that could not be listed, with the status of
 * the hold that has them, and schemas that hold no table any more. $4 collected database, $5 schemas that could not be
 * listed.
 */
export const REMOVABLE = `
  SELECT e.id, e.kind, e.version, h.status AS hold
  FROM staged_object s
  JOIN source_object o ON o.collected_database_id = $4 AND o.native_key = s.native_key
  JOIN entity e ON e.id = o.entity_id
  LEFT JOIN held_removal_object held ON held.entity_id = e.id AND held.state = 'held'
  LEFT JOIN held_removal h ON h.id = held.held_removal_id
  WHERE s.run_id = $1 AND s.unit = $2 AND s.page = $3 AND s.op = 'missing'
    AND (e.schema_name IS NULL OR e.schema_name <> ALL($5::text[]))
    AND (e.kind = 'table' OR (e.kind = 'schema' AND NOT EXISTS (
      SELECT 1
      FROM entity t
      WHERE t.collected_database_id = $4 AND t.kind = 'table' AND t.schema_name = e.schema_name
        AND t.removed_at IS NULL
    )))`;

/** $1 run, $2 ids. A tombstone stands under its own guid, whoever it had to give way to. */
export const BURY = `
  WITH forgotten AS (
    DELETE FROM source_object WHERE entity_id = ANY($2::bigint[])
  )
  UPDATE entity
  SET removed_at = now(), removed_run_id = $1, guid = split_part(guid, '#', 1)
  WHERE id = ANY($2::bigint[])`;

/** $3 pages. */
export const DELETE_PAGES = `
  DELETE FROM staged_object WHERE run_id = $1 AND unit = $2 AND page = ANY($3::integer[])`;
