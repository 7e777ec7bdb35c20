import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { type StoredStructure, structureOf } from '../model/stored-structure.js';
import type { TableToDescribe } from '../model/table-to-describe.js';
import { digestsOf } from './digests.js';
import { OF_WILLING_CRAWLERS, type QueuedTable } from './queue.js';

/** Answers of an object that may be refused before it is left alone in this form. */
const MOST_REFUSED = 3;

/** A table of the queue, with what of it is still to be described. */
export interface WorkOnTable extends QueuedTable {
  /** The run that queued it. */
  runId: string | null;
  table: TableToDescribe;
  digests: Map<string, string>;
  /** Names of columns; the empty one stands for the table. */
  needed: string[];
}

interface Row extends Omit<QueuedTable, 'queuedHash'> {
  queuedHash: string | null;
  sourceType: string;
  database: string;
  schema: string | null;
  name: string;
  type: string;
  comment: string | null;
  structure: StoredStructure;
  /** Names of what has a description of a person. */
  described: string[];
  suggested: { id: string; column: string; digest: string; status: string; attempts: number; askAgain: boolean }[];
}

const COLUMNS = `
  e.id AS "entityId", encode(e.hash, 'hex') AS hash, d.source_type AS "sourceType", d.name AS database,
  e.schema_name AS schema, e.name, e.type, e.comment, e.structure::jsonb AS structure,
  (SELECT coalesce(jsonb_agg(a.column_name), '[]')
     FROM annotation a
    WHERE a.entity_id = e.id AND a.description IS NOT NULL) AS described,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('id', s.id::text, 'column', s.column_name, 'digest', s.digest,
                                                'status', s.status, 'attempts', s.attempts, 'askAgain', s.ask_again)), '[]')
     FROM description_suggestion s
    WHERE s.entity_id = e.id) AS suggested`;

/**
 * Reads the tables whose turn it is, oldest first, and finds what of them nobody has described: neither the source nor a
 * person, nor a suggestion that still holds. Suggestions that no longer hold become stale on the way, and those that hold
 * again, because a table is as it was, open.
 */
export async function nextTables(database: Database, limit: number): Promise<WorkOnTable[]> {
  const rows = await query<Row & { runId: string | null }>(
    database,
    `SELECT ${COLUMNS}, encode(r.hash, 'hex') AS "queuedHash", r.run_id AS "runId"
       FROM description_request r ${OF_WILLING_CRAWLERS}
      WHERE r.status = 'waiting' AND r.not_before <= now()
      ORDER BY r.queued_at, r.entity_id
      LIMIT :limit`,
    { limit },
  );
  const work = rows.map((row) => ({ row, digests: digestsOf(toldTable(row)) }));
  const judged = work.flatMap(({ row, digests }) => row.suggested.map((one) => ({ one, row, digests })));
  const holds = ({ one, digests }: (typeof judged)[number]) => digests.get(one.column) === one.digest;
  await setStatus(
    database,
    judged.filter((judgement) => judgement.one.status === 'open' && !holds(judgement)).map(({ one }) => one.id),
    'open',
    'stale',
  );
  await setStatus(
    database,
    judged
      .filter(
        (judgement) =>
          judgement.one.status === 'stale' && holds(judgement) && wanting(judgement.row, judgement.one.column),
      )
      .map(({ one }) => one.id),
    'stale',
    'open',
  );
  return work.map(({ row, digests }) => ({
    entityId: row.entityId,
    hash: row.hash,
    queuedHash: row.queuedHash ?? row.hash,
    runId: row.runId,
    table: toldTable(row),
    digests,
    needed: [...digests.keys()].filter((column) => wanting(row, column) && !settled(row, column, digests.get(column))),
  }));
}

/** The digests of tables as they are now, for whoever decides on suggestions; those that are gone are left out. */
export async function currentDigests(
  database: Database,
  entityIds: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  const rows = await query<Row>(
    database,
    `SELECT ${COLUMNS}
       FROM entity e
       JOIN collected_database d ON d.id = e.collected_database_id AND d.retiring_at IS NULL
      WHERE e.id = ANY (:ids::bigint[]) AND e.kind = 'table' AND e.removed_at IS NULL`,
    { ids: [...entityIds] },
  );
  return new Map(rows.map((row) => [row.entityId, digestsOf(toldTable(row))]));
}

/** Neither the source nor a person says anything of it. */
function wanting(row: Row, column: string): boolean {
  if (row.described.includes(column)) return false;
  const comment = column === '' ? row.comment : row.structure.columns?.find(({ name }) => name === column)?.comment;
  return !comment?.trim();
}

/** Something was suggested of it in this very form, and is to stay; what was refused may be asked a few times. */
function settled(row: Row, column: string, digest: string | undefined): boolean {
  return row.suggested.some(
    (one) =>
      one.column === column &&
      one.digest === digest &&
      !one.askAgain &&
      (one.status !== 'refused' || one.attempts >= MOST_REFUSED),
  );
}

async function setStatus(database: Database, ids: readonly string[], from: string, to: string): Promise<void> {
  if (ids.length === 0) return;
  await query(
    database,
    `WITH found AS (
       SELECT id FROM description_suggestion WHERE id = ANY (:ids::bigint[]) AND status = :from ORDER BY id FOR UPDATE
     )
     UPDATE description_suggestion s SET status = :to FROM found WHERE s.id = found.id`,
    { ids: [...ids], from, to },
  );
}

function toldTable(row: Row): TableToDescribe {
  const { primaryKey, foreignKeys, columns } = structureOf(row.structure);
  return {
    sourceType: row.sourceType,
    database: row.database,
    schema: row.schema,
    name: row.name,
    type: row.type,
    comment: row.comment?.trim() ? row.comment : null,
    primaryKey: primaryKey?.columns ?? [],
    // What is suggested is read by whoever sees the table: of other databases, which they may not see, nothing is told.
    foreignKeys: foreignKeys
      .filter(({ references }) => references.database === undefined)
      .map(({ columns: of, references: { schema, table, columns: to } }) => ({
        columns: of,
        references: `${schema === undefined ? '' : `${schema}.`}${table} (${to.join(', ')})`,
      })),
    columns: columns.map(({ name, type, comment }) => ({ name, type, comment: comment?.trim() ? comment : null })),
  };
}
