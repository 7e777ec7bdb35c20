import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { VersionConflict } from '../../db/refusals.js';
import { type Annotation, type Origin, readAnnotation } from './annotation.js';
import { ColumnUnknown, OwnerUnknown } from './errors.js';

/** What is left out stays as it is. */
export interface AnnotationChange {
  /** Null takes it away. */
  description?: string | null | undefined;
  /** Of the description; a person's when left out. */
  origin?: Origin | undefined;
  /** All of them. One that the vocabulary has in another case is meant by it; one that it has not is added to it. */
  tags?: readonly string[] | undefined;
  owners?: readonly ({ personId: string } | { name: string })[] | undefined;
}

/**
 * Writes people's words about an entity or a column, keeps the state in the history, and tells the search index, all in
 * one transaction.
 * @param at.column empty for the entity itself
 * @param at.version what the change is based on; 0 where nothing was written yet
 * @throws VersionConflict, ColumnUnknown, OwnerUnknown
 */
export async function writeAnnotation(
  database: Database,
  at: { entityId: string; column: string; version: number; personId: string },
  change: AnnotationChange,
): Promise<Annotation> {
  return database.transaction(async (transaction) => {
    if (at.version === 0 && at.column !== '') await requireColumn(transaction, at);
    await takeVersion(transaction, at, change);
    if (change.tags !== undefined) await putTags(transaction, at, change.tags);
    if (change.owners !== undefined) await putOwners(transaction, at, change.owners);
    if (blankIsNone(change.description) !== null) await overtakeSuggestions(transaction, at);
    const written = await readAnnotation(transaction, at.entityId, at.column);
    await keep(transaction, at, written);
    await query(
      transaction,
      `INSERT INTO search_outbox (entity_id, crawler_id)
       SELECT e.id, d.crawler_id
         FROM entity e
         JOIN collected_database d ON d.id = e.collected_database_id
        WHERE e.id = ? AND e.removed_at IS NULL`,
      [at.entityId],
    );
    return written;
  });
}

type At = Parameters<typeof writeAnnotation>[1];

/** Words that exist may be edited while their column is away. */
async function requireColumn(transaction: Database, { entityId, column }: At): Promise<void> {
  const found = await query(
    transaction,
    `SELECT FROM entity e, jsonb_array_elements(e.structure::jsonb -> 'columns') AS c (field)
      WHERE e.id = ? AND c.field ->> 'name' = ?`,
    [entityId, column],
  );
  if (found.length === 0) throw new ColumnUnknown(column);
}

/** The row's version decides between two who write at once, also where there is no row yet. */
async function takeVersion(transaction: Database, at: At, change: AnnotationChange): Promise<void> {
  const bindings = {
    entityId: at.entityId,
    column: at.column,
    version: at.version,
    personId: at.personId,
    describes: change.description !== undefined,
    description: blankIsNone(change.description),
    origin: change.origin ?? 'person',
  };
  const taken = await query(
    transaction,
    at.version === 0
      ? `INSERT INTO annotation (entity_id, column_name, description, origin, edited_by)
         VALUES (:entityId, :column, :description, :origin, :personId)
         ON CONFLICT DO NOTHING
         RETURNING version`
      : `UPDATE annotation
            SET description = CASE WHEN :describes THEN :description ELSE description END,
                origin = CASE WHEN :describes THEN :origin ELSE origin END,
                edited_by = :personId, edited_at = now(), version = version + 1
          WHERE entity_id = :entityId AND column_name = :column AND version = :version
         RETURNING version`,
    bindings,
  );
  if (taken.length > 0) return;
  const { version } = await readAnnotation(transaction, at.entityId, at.column);
  throw new VersionConflict('description', at.entityId, version);
}

const blankIsNone = (text: string | null | undefined): string | null => (text?.trim() ? text : null);

/** A person's words leave nothing to suggest. */
async function overtakeSuggestions(transaction: Database, { entityId, column }: At): Promise<void> {
  await query(
    transaction,
    `UPDATE description_suggestion SET status = 'overtaken'
      WHERE entity_id = ? AND column_name = ? AND status = 'open'`,
    [entityId, column],
  );
}

async function putTags(transaction: Database, { entityId, column }: At, tags: readonly string[]): Promise<void> {
  await query(
    transaction,
    `INSERT INTO tag (name)
     SELECT DISTINCT ON (lower(name)) name FROM unnest(?::text[]) AS given (name)
      -- In one order, so that two who add the same tags at once wait for each other and never both.
      ORDER BY lower(name)
     ON CONFLICT DO NOTHING`,
    [[...tags]],
  );
  await query(transaction, `DELETE FROM annotation_tag WHERE entity_id = ? AND column_name = ?`, [entityId, column]);
  await query(
    transaction,
    `INSERT INTO annotation_tag (entity_id, column_name, tag_id)
     SELECT ?, ?, id FROM tag WHERE lower(name) IN (SELECT lower(name) FROM unnest(?::text[]) AS given (name))`,
    [entityId, column, [...tags]],
  );
}

async function putOwners(
  transaction: Database,
  { entityId, column }: At,
  owners: NonNullable<AnnotationChange['owners']>,
): Promise<void> {
  const ids = owners.flatMap((owner) => ('personId' in owner ? [owner.personId] : []));
  const known = await query<{ id: string }>(transaction, `SELECT id FROM person WHERE id = ANY (?::uuid[])`, [ids]);
  const missing = ids.find((id) => !known.some((person) => person.id === id));
  if (missing !== undefined) throw new OwnerUnknown(missing);
  await query(transaction, `DELETE FROM annotation_owner WHERE entity_id = ? AND column_name = ?`, [entityId, column]);
  await query(
    transaction,
    `INSERT INTO annotation_owner (entity_id, column_name, place, person_id, name)
     SELECT ?, ?, place, "personId", name
       FROM jsonb_to_recordset(?::jsonb) AS o (place integer, "personId" uuid, name text)`,
    [entityId, column, JSON.stringify(owners.map((owner, place) => ({ place, ...owner })))],
  );
}

async function keep(transaction: Database, at: At, { editedAt, version, ...written }: Annotation): Promise<void> {
  const { description, tags, owners, origin } = written;
  await query(
    transaction,
    `INSERT INTO annotation_edit (entity_id, column_name, version, saved, origin, edited_by, edited_at)
     VALUES (:entityId, :column, :version, :saved, :origin, :personId, :editedAt)`,
    {
      entityId: at.entityId,
      column: at.column,
      version,
      saved: JSON.stringify({ description, tags, owners }),
      origin,
      personId: at.personId,
      editedAt,
    },
  );
}
