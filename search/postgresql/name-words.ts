import type { Database } from '../../db/database.js';
import type { Tables } from './tables.js';

/** What the rows of a name's words are made of. While none of it changes, they stay as they are. */
export interface Named {
  id: string;
  groupId: number;
  visibleTo: string;
  standing: number;
  names: string;
}

/** The words in `names` as namesOf puts them together: behind all of it without separators, each once. */
const WORDS = `unnest((string_to_array(rtrim(d.names), ' '))[2:]) AS w (word)`;

/** Fills the empty table of words from the documents, in the order in which it is read: neighbours are stored together. */
export async function fillNames(database: Database, tables: Tables): Promise<void> {
  await database.raw(
    `INSERT INTO ${tables.name} (word, standing, id, visible_to, group_id, names)
     SELECT w.word, d.standing, d.id, d.visible_to, d.group_id, d.names
     FROM ${tables.document} d CROSS JOIN LATERAL ${WORDS}
     ORDER BY w.word COLLATE "C", d.standing`,
  );
}

/**
 * Takes out the words of names as they were, and puts them in as they are.
 * @param former of documents that were removed or put again
 */
export async function renameDocuments(
  transaction: Database,
  tables: Tables,
  former: readonly Named[],
  current: readonly Named[],
): Promise<void> {
  const [before, after] = [new Set(former.map(keyOf)), new Set(current.map(keyOf))];
  await removeWords(
    transaction,
    tables,
    former.filter((each) => !after.has(keyOf(each))),
  );
  await addWords(
    transaction,
    tables,
    current.filter((each) => !before.has(keyOf(each))),
  );
}

function keyOf({ id, groupId, visibleTo, standing, names }: Named): string {
  return [id, groupId, visibleTo, standing, names].join('\n');
}

async function removeWords(transaction: Database, tables: Tables, gone: readonly Named[]): Promise<void> {
  if (gone.length === 0) return;
  await transaction.raw(
    // Row by row through the index: joined, the whole table could be read for it.
    `DELETE FROM ${tables.name}
     WHERE ctid = ANY (ARRAY (
       SELECT n.ctid
       FROM unnest(?::text[], ?::bigint[], ?::text[]) AS d (id, standing, names)
       CROSS JOIN LATERAL ${WORDS}
       CROSS JOIN LATERAL (
         SELECT ctid FROM ${tables.name} WHERE word = w.word AND standing = d.standing AND id = d.id LIMIT 1
       ) AS n
     ))`,
    [gone.map(({ id }) => id), gone.map(({ standing }) => standing), gone.map(({ names }) => names)],
  );
}

async function addWords(transaction: Database, tables: Tables, come: readonly Named[]): Promise<void> {
  if (come.length === 0) return;
  await transaction.raw(
    `INSERT INTO ${tables.name} (word, standing, id, visible_to, group_id, names)
     SELECT w.word, d.standing, d.id, d.visible_to, d.group_id, d.names
     FROM unnest(?::text[], ?::bigint[], ?::text[], ?::integer[], ?::text[]) AS d (id, standing, visible_to, group_id, names)
     CROSS JOIN LATERAL ${WORDS}`,
    [
      come.map(({ id }) => id),
      come.map(({ standing }) => standing),
      come.map(({ visibleTo }) => visibleTo),
      come.map(({ groupId }) => groupId),
      come.map(({ names }) => names),
    ],
  );
}
