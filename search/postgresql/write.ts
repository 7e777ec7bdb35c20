import type { Database } from '../../db/database.js';
import type { SearchDocument } from '../port.js';
import { addTerms, type DictionarySweep } from './dictionary.js';
import { type Group, groupIds, groupOf } from './groups.js';
import { lexemesOf, namesOf } from './lexemes.js';
import { type Named, renameDocuments } from './name-words.js';
import { standingOf } from './standing.js';
import type { Tables } from './tables.js';

/** Held to the end of a writing transaction: writers take turns, so counts need no care and words no lock order. */
const WRITERS = 7304;

interface Batch {
  put: readonly SearchDocument[];
  remove: readonly string[];
}

/** A batch with its documents taken apart: what costs this process time, and PostgreSQL none. */
export interface PreparedBatch {
  put: { document: SearchDocument; group: Group; lexemes: string; names: string }[];
  /** The words of all of them. */
  terms: ReadonlySet<string>;
  remove: readonly string[];
}

/** Takes the documents of a batch apart. Of an id that is named twice the last document counts. */
export function prepareBatch({ put, remove }: Batch): PreparedBatch {
  const last = new Map(put.map((document) => [document.id, document]));
  const terms = new Set<string>();
  const rows = [...last.values()].map((document) => ({
    document,
    group: groupOf(document),
    lexemes: lexemesOf(document, terms),
    names: namesOf(document),
  }));
  return { put: rows, terms, remove };
}

/**
 * Puts and removes documents in one transaction, the counts of groups with them: a dozen statements at most, whatever the
 * number of documents.
 * @param options.names when the words of names are written: `later` by whoever fills a new copy of the index
 */
export async function writeBatch(
  database: Database,
  tables: Tables,
  { put, terms, remove }: PreparedBatch,
  { sweep, names = 'now' }: { sweep?: DictionarySweep; names?: 'now' | 'later' } = {},
): Promise<void> {
  const putIds = put.map(({ document }) => document.id);
  const kept = new Set(putIds);
  const gone = remove.filter((id) => !kept.has(id));
  if (putIds.length === 0 && gone.length === 0) return;
  const distinctGroups = [...new Map(put.map(({ group }) => [group.digest, group])).values()];

  await database.transaction(async (transaction) => {
    await transaction.raw('SELECT pg_advisory_xact_lock(?)', [WRITERS]);
    const former = [
      ...(await formerDocuments(transaction, tables, putIds)),
      ...(await removeDocuments(transaction, tables, gone)),
    ];
    const idOfGroup = await groupIds(transaction, tables, distinctGroups);
    const rows = put.map((row) => ({ ...row, groupId: idOfGroup.get(row.group.digest) as number }));

    const groups = new Changes<number>();
    const audiences = new Changes<string>();
    for (const row of rows) {
      groups.add(row.groupId, 1);
      audiences.add(row.document.visibleTo, 1);
    }
    for (const row of former) {
      groups.add(row.groupId, -1);
      audiences.add(row.visibleTo, -1);
    }
    await upsertDocuments(transaction, tables, rows);
    if (names === 'now') await renameDocuments(transaction, tables, former, rows.map(namedOf));
    if (rows.length > 0) await sortIn(transaction, tables);
    await addTerms(transaction, tables, terms);
    await countGroups(transaction, tables, groups);
    await countAudiences(transaction, tables, audiences);
    if (former.length > 0) await sweep?.go(transaction, tables, former.length);
  });
}

/** What is added to each count. Zero changes, the rule when a document is put again, cost no row. */
class Changes<K extends string | number> {
  private readonly byKey = new Map<K, number>();

  add(key: K, by: number): void {
    this.byKey.set(key, (this.byKey.get(key) ?? 0) + by);
  }

  entries(): [K[], number[]] {
    const changed = [...this.byKey].filter(([, by]) => by !== 0);
    return [changed.map(([key]) => key), changed.map(([, by]) => by)];
  }
}

function namedOf({
  document,
  groupId,
  names,
}: Pick<PreparedBatch['put'][number], 'document' | 'names'> & { groupId: number }): Named {
  return { id: document.id, groupId, visibleTo: document.visibleTo, standing: standingOf(document), names };
}

/** Of a document as it is in the index: where it was counted, and what its name is found by. */
const FORMER = `id, group_id AS "groupId", visible_to AS "visibleTo", standing::double precision AS standing, names`;

async function formerDocuments(transaction: Database, tables: Tables, ids: string[]): Promise<Named[]> {
  if (ids.length === 0) return [];
  const { rows } = await transaction.raw<{ rows: Named[] }>(
    `SELECT ${FORMER} FROM ${tables.document} WHERE id = ANY (?::text[])`,
    [ids],
  );
  return rows;
}

async function removeDocuments(transaction: Database, tables: Tables, ids: string[]): Promise<Named[]> {
  if (ids.length === 0) return [];
  const { rows } = await transaction.raw<{ rows: Named[] }>(
    `DELETE FROM ${tables.document} WHERE id = ANY (?::text[]) RETURNING ${FORMER}`,
    [ids],
  );
  return rows;
}

async function upsertDocuments(
  transaction: Database,
  tables: Tables,
  rows: readonly { document: SearchDocument; groupId: number; lexemes: string; names: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  await transaction.raw(
    `INSERT INTO ${tables.document} (id, group_id, visible_to, standing, changed_at, names, words, document)
     SELECT id, group_id, visible_to, standing, changed_at, names, array_to_tsvector(string_to_array(words, ' ')), document
     FROM unnest(?::text[], ?::integer[], ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::json[])
          AS d (id, group_id, visible_to, standing, changed_at, names, words, document)
     ON CONFLICT (id) DO UPDATE
     SET group_id = excluded.group_id, visible_to = excluded.visible_to, standing = excluded.standing, changed_at = excluded.changed_at,
         names = excluded.names, words = excluded.words, document = excluded.document`,
    [
      rows.map(({ document }) => document.id),
      rows.map(({ groupId }) => groupId),
      rows.map(({ document }) => document.visibleTo),
      rows.map(({ document }) => standingOf(document)),
      rows.map(({ document }) => Math.trunc(document.changedAt)),
      rows.map(({ names }) => names),
      rows.map(({ lexemes }) => lexemes),
      rows.map(({ document }) => JSON.stringify(document)),
    ],
  );
}

/**
 * Puts into its place in the index what it has only noted down so far. Every search goes through those notes, for each
 * of its conditions, until they are megabytes; sorted in by the batch they cost this writer no more.
 */
async function sortIn(transaction: Database, tables: Tables): Promise<void> {
  await transaction.raw(
    `SELECT gin_clean_pending_list(i.indexrelid)
     FROM pg_index i
     JOIN pg_class c ON c.oid = i.indexrelid
     JOIN pg_am m ON m.oid = c.relam
     WHERE i.indrelid = to_regclass(?) AND m.amname = 'gin'`,
    [tables.document],
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

async function countAudiences(transaction: Database, tables: Tables, changes: Changes<string>): Promise<void> {
  const [marks, by] = changes.entries();
  if (marks.length === 0) return;
  await transaction.raw(
    `INSERT INTO ${tables.audience} AS a (visible_to, documents)
     SELECT visible_to, by FROM unnest(?::text[], ?::integer[]) AS c (visible_to, by)
     ON CONFLICT (visible_to) DO UPDATE SET documents = a.documents + excluded.documents`,
    [marks, by],
  );
}
