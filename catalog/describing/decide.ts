import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound, Refusal } from '../../db/refusals.js';
import { readAnnotation } from '../annotations/annotation.js';
import { writeAnnotation } from '../annotations/write-annotation.js';
import { DescribedByPerson, SuggestionNotOpen, SuggestionStale } from './errors.js';
import { currentDigests } from './needed.js';

/** What is needed of a suggestion to decide on it. */
interface Undecided {
  entityId: string;
  column: string;
  digest: string;
  status: string;
  description: string | null;
}

/** Of objects by table and name, as `currentDigests` reads them. */
type Digests = Awaited<ReturnType<typeof currentDigests>>;

/** Accepted in one transaction: each commit waits for the disk. */
const AT_ONCE = 50;

/**
 * Makes a suggestion the description, as the act of the person who accepts it: with the history, and for search, like any
 * other words of people. Never over words that are there.
 * @param by.description instead of what was suggested
 * @param known what tables say now, where it has been read just before
 * @throws SuggestionNotOpen, SuggestionStale, DescribedByPerson, VersionConflict, NotFound
 */
export async function acceptSuggestion(
  database: Database,
  id: string,
  by: { personId: string; description?: string | undefined },
  known?: Digests,
): Promise<void> {
  const stale = await database.transaction(async (transaction) => {
    const suggestion = await readUndecided(transaction, id);
    const { entityId, column, digest } = suggestion;
    const now = known ?? (await currentDigests(transaction, [entityId]));
    if (now.get(entityId)?.get(column) !== digest) return true;
    const { description, version } = await readAnnotation(transaction, entityId, column);
    if (description !== null) throw new DescribedByPerson();
    const text = by.description ?? suggestion.description ?? '';
    const at = { entityId, column, version, personId: by.personId };
    await writeAnnotation(transaction, at, { description: text, origin: 'ai' });
    // Writing overtook it, as it does whatever else was suggested; one that somebody rejected meanwhile is neither.
    const accepted = await query(
      transaction,
      `UPDATE description_suggestion
          SET status = 'accepted', edited = :edited, decided_by = :personId, decided_at = now()
        WHERE id = :id AND status = 'overtaken'
        RETURNING id`,
      { id, edited: text !== suggestion.description, personId: by.personId },
    );
    if (accepted.length === 0) throw new SuggestionNotOpen(id, (await readStatus(transaction, id)) ?? 'gone');
    return false;
  });
  if (!stale) return;
  await query(database, `UPDATE description_suggestion SET status = 'stale' WHERE id = ? AND status = 'open'`, [id]);
  throw new SuggestionStale();
}

/** Turns a suggestion down: while the object stays as it is, the model is not asked about it again. @throws SuggestionNotOpen, NotFound */
export async function rejectSuggestion(
  database: Database,
  id: string,
  by: { personId: string; reason?: string | undefined },
): Promise<void> {
  const rejected = await query(
    database,
    `UPDATE description_suggestion
        SET status = 'rejected', reason = :reason, decided_by = :personId, decided_at = now()
      WHERE id = :id AND status = 'open'
      RETURNING id`,
    { id, reason: by.reason ?? null, personId: by.personId },
  );
  if (rejected.length > 0) return;
  const status = await readStatus(database, id);
  if (status === undefined) throw new NotFound('suggestion', id);
  throw new SuggestionNotOpen(id, status);
}

export interface Decided {
  decided: string[];
  /** Those that could not be, with the reason. */
  left: { id: string; code: string; message: string }[];
}

/** Accepts many, each by itself: one that cannot be does not keep the others. */
export async function acceptMany(database: Database, ids: readonly string[], personId: string): Promise<Decided> {
  const outcome: Decided = { decided: [], left: [] };
  // In one order, so that two who accept the same ones wait for each other and never both.
  const inOrder = [...ids].sort((one, other) => Number(BigInt(one) - BigInt(other)));
  for (let from = 0; from < inOrder.length; from += AT_ONCE)
    await acceptSome(database, inOrder.slice(from, from + AT_ONCE), personId, outcome);
  return outcome;
}

async function acceptSome(
  database: Database,
  ids: readonly string[],
  personId: string,
  outcome: Decided,
): Promise<void> {
  const tables = await query<{ id: string }>(
    database,
    'SELECT DISTINCT entity_id::text AS id FROM description_suggestion WHERE id = ANY (?::bigint[])',
    [[...ids]],
  );
  const known = await currentDigests(
    database,
    tables.map(({ id }) => id),
  );
  await database.transaction(async (transaction) => {
    for (const id of ids) {
      try {
        await acceptSuggestion(transaction, id, { personId }, known);
        outcome.decided.push(id);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        outcome.left.push({ id, code: String(error.code), message: error.message });
      }
    }
  });
}

/** Rejects many; those that are no longer open are left. */
export async function rejectMany(
  database: Database,
  ids: readonly string[],
  by: { personId: string; reason?: string | undefined },
): Promise<Decided> {
  const rejected = await query<{ id: string }>(
    database,
    // In the order in which they are accepted too, so that no two wait for each other.
    `WITH open AS (
       SELECT id FROM description_suggestion WHERE id = ANY (:ids::bigint[]) AND status = 'open' ORDER BY id FOR UPDATE
     )
     UPDATE description_suggestion s
        SET status = 'rejected', reason = :reason, decided_by = :personId, decided_at = now()
       FROM open
      WHERE s.id = open.id
      RETURNING s.id::text AS id`,
    { ids: [...ids], reason: by.reason ?? null, personId: by.personId },
  );
  const done = new Set(rejected.map(({ id }) => id));
  const left = ids
    .filter((id) => !done.has(id))
    .map((id) => ({ id, code: 'SUGGESTION_NOT_OPEN', message: 'Somebody decided on it meanwhile' }));
  return { decided: ids.filter((id) => done.has(id)), left };
}

async function readUndecided(database: Database, id: string): Promise<Undecided> {
  const [row] = await query<Undecided>(
    database,
    `SELECT entity_id AS "entityId", column_name AS "column", digest, status, description
       FROM description_suggestion
      WHERE id = ?`,
    [id],
  );
  if (row === undefined) throw new NotFound('suggestion', id);
  if (row.status !== 'open') throw new SuggestionNotOpen(id, row.status);
  return row;
}

async function readStatus(database: Database, id: string): Promise<string | undefined> {
  const [row] = await query<{ status: string }>(database, 'SELECT status FROM description_suggestion WHERE id = ?', [
    id,
  ]);
  return row?.status;
}
