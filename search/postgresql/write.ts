import type { Database } from '../../db/database.js';
import type { SearchDocument } from '../port.js';
import { groupIds, groupOf } from './groups.js';
import { lexemesOf, termsOf } from './lexemes.js';
import { standingOf } from './standing.js';
import type { Tables } from './tables.js';

/** Held to the end of a writing transaction: writers take turns, so counts need no care and words no lock order. */
const WRITERS = 7304;

interface Batch {
  put: readonly SearchDocument[];
  remove: readonly string[];
}

/**
 * Puts and removes documents in one transaction, the counts of words and groups with them. Seven statements,
 * whatever the number of documents; of an id that is named twice the last document counts.
 */
export async function writeDocuments(database: Database, tables: Tables, batch: Batch): Promise<void> {
  const put = [...new Map(batch.put.map((document) => [document.id, document])).values()];
  const touched = [...put.map(({ id }) => id), ...batch.remove];
  if (touched.length === 0) return;
  const indexed = put.map((document) => ({ document, group: groupOf(document), ...lexemesOf(document) }));
  const distinctGroups = [...new Map(indexed.map(({ group }) => [group.digest, group])).values()];

  await database.transaction(async (transaction) => {
    await transaction.raw('SELECT pg_advisory_xact_lock(?)', [WRITERS]);
    const former = await formerDocuments(transaction, tables, touched);
    const idOfGroup = await groupIds(transaction, tables, distinctGroups);
    const rows = indexed.map((row) => ({ ...row, groupId: idOfGroup.get(row.group.digest) as number }));

    const terms = new Changes<string>();
    const groups = new Changes<number>();
    for (const row of rows) {
      terms.add(row.terms, 1);
      groups.add([row.groupId], 1);
    }
    for (const row of former) {
      terms.add(termsOf(row.lexemes), -1);
      groups.add([row.group_id], -1);
    }
    const gone = new Set(former.map(({ id }) => id));
    for (const { id } of put) gone.delete(id);
    if (gone.size > 0) await transaction.raw(`DELETE FROM ${tables.document} WHERE id = ANY (?::text[])`, [[...gone]]);
    await upsertDocuments(transaction, tables, rows);
    await countTerms(transaction, tables, terms);
    await countGroups(transaction, tables, groups);
  });
}

/** What is added to each count. Zero changes, the rule when a document is put again, cost no row. */
class Changes<K extends string | number> {
  private readonly byKey = new Map<K, number>();

  add(keys: Iterable<K>, by: number): void {
    for (const key of keys) this.byKey.set(key, (this.byKey.get(key) ?? 0) + by);
  }

  entries(): [K[], number[]] {
    const changed = [...this.byKey].filter(([, by]) => by !== 0);
    return [changed.map(([key]) => key), changed.map(([, by]) => by)];
  }
}

async function formerDocuments(transaction: Database, tables: Tables, ids: string[]) {
  const { rows } = await transaction.raw<{ rows: { id: string; group_id: number; lexemes: string[] }[] }>(
    `SELECT id, group_id, tsvector_to_array(words) AS lexemes FROM ${tables.document} WHERE id = ANY (?::text[])`,
    [ids],
  );
  return rows;
}

async function upsertDocuments(
  transaction: Database,
  tables: Tables,
  rows: readonly { document: SearchDocument; groupId: number; lexemes: readonly string[] }[],
): Promise<void> {
  if (rows.length === 0) return;
  await transaction.raw(
    // A lexeme is letters, digits and the slash of its mark: joined by spaces they come apart again as they were.
    `INSERT INTO ${tables.document} (id, group_id, visible_to, standing, changed_at, words, document)
     SELECT id, group_id, visible_to, standing, changed_at, array_to_tsvector(string_to_array(words, ' ')), document
     FROM unnest(?::text[], ?::integer[], ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::json[])
          AS d (id, group_id, visible_to, standing, changed_at, words, document)
     ON CONFLICT (id) DO UPDATE
     SET group_id = excluded.group_id, visible_to = excluded.visible_to, standing = excluded.standing, changed_at = excluded.changed_at,
         words = excluded.words, document = excluded.document`,
    [
      rows.map(({ document }) => document.id),
      rows.map(({ groupId }) => groupId),
      rows.map(({ document }) => document.visibleTo),
      rows.map(({ document }) => standingOf(document)),
      rows.map(({ document }) => Math.trunc(document.changedAt)),
      rows.map(({ lexemes }) => lexemes.join(' ')),
      rows.map(({ document }) => JSON.stringify(document)),
    ],
  );
}

async function countTerms(transaction: Database, tables: Tables, changes: Changes<string>): Promise<void> {
  const [terms, by] = changes.entries();
  if (terms.length === 0) return;
  await transaction.raw(
    `WITH change AS MATERIALIZED (
       SELECT term, by FROM unnest(?::text[], ?::integer[]) AS c (term, by)
     ), gone AS (
       DELETE FROM ${tables.term} t USING change c WHERE t.term = c.term AND t.documents + c.by <= 0
     )
     INSERT INTO ${tables.term} AS t (term, documents)
     SELECT c.term, CASE WHEN known.term IS NULL THEN c.by ELSE known.documents + c.by END
     FROM change c LEFT JOIN ${tables.term} known ON known.term = c.term
     WHERE coalesce(known.documents, 0) + c.by > 0
     ON CONFLICT (term) DO UPDATE SET documents = excluded.documents`,
    [terms, by],
  );
}

async function countGroups(transaction: Database, tables: Tables, changes: Changes<number>): Promise<void> {
  const [groups, by] = changes.entries();
  if (groups.length === 0) return;
  await transaction.raw(
    `UPDATE ${tables.group} g SET documents = g.documents + c.by
     FROM unnest(?::integer[], ?::integer[]) AS c (id, by) WHERE g.id = c.id`,
    [groups, by],
  );
}
