import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { keepNameWords, onceEach, wholeName } from './kept-words.js';
import { plainWordsOf } from './words.js';

/**
 * Takes texts of jobs apart that were told since, so that their words are found. Several may do so at once.
 * @returns whether there may be more
 */
export async function indexTaskCode(database: Database, limit: number): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const rows = await query<{ processId: string; part: string; name: string; text: string }>(
      transaction,
      `SELECT process_id AS "processId", part, name, text
       FROM task_code
       WHERE words IS NULL
       ORDER BY process_id, part
       LIMIT ?
       FOR UPDATE SKIP LOCKED`,
      [limit],
    );
    if (rows.length === 0) return false;
    const read = rows.map(({ processId, part, name, text }) => {
      const nameWords = [wholeName(name), ...plainWordsOf(name)];
      return {
        processId,
        part,
        nameWords: onceEach(nameWords),
        words: onceEach([...nameWords, ...plainWordsOf(text)]),
      };
    });
    await query(
      transaction,
      `UPDATE task_code t
       SET name_words = array_to_tsvector(g."nameWords"), words = array_to_tsvector(g.words)
       FROM jsonb_to_recordset(?) AS g("processId" bigint, part text, "nameWords" text[], words text[])
       WHERE t.process_id = g."processId" AND t.part = g.part`,
      [JSON.stringify(read)],
    );
    await keepNameWords(
      transaction,
      'task_code_word',
      read.flatMap(({ nameWords }) => nameWords),
    );
    return rows.length === limit;
  });
}
