import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { keepNameWords, onceEach, wholeName } from './kept-words.js';
import { plainWordsOf } from './words.js';

/**
 * Takes names and texts of APIs and AI assets apart that came or changed since, so that their words are found. Several may do so at once.
 * @returns whether there may be more
 */
export async function indexAssets(database: Database, limit: number): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const rows = await query<{ id: string; name: string; alias: string | null; texts: string[] }>(
      transaction,
      `SELECT id, name, alias, texts
       FROM asset
       WHERE words IS NULL
       ORDER BY id
       LIMIT ?
       FOR UPDATE SKIP LOCKED`,
      [limit],
    );
    if (rows.length === 0) return false;
    const read = rows.map(({ id, name, alias, texts }) => {
      const nameWords = [name, ...(alias === null ? [] : [alias])].flatMap((each) => [
        wholeName(each),
        ...plainWordsOf(each),
      ]);
      return {
        id,
        nameWords: onceEach(nameWords),
        words: onceEach([...nameWords, ...texts.flatMap(plainWordsOf)]),
      };
    });
    await query(
      transaction,
      `UPDATE asset t
       SET name_words = array_to_tsvector(g."nameWords"), words = array_to_tsvector(g.words)
       FROM jsonb_to_recordset(?) AS g(id bigint, "nameWords" text[], words text[])
       WHERE t.id = g.id`,
      [JSON.stringify(read)],
    );
    await keepNameWords(
      transaction,
      'asset_word',
      read.flatMap(({ nameWords }) => nameWords),
    );
    return rows.length === limit;
  });
}
