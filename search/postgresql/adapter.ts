import { InvalidCursor } from '../../catalog/model/cursor.js';
import type { Database } from '../../db/database.js';
import { type SearchIndex, SearchUnavailable } from '../port.js';
import { BestDocuments, keepBestIndexed } from './best-documents.js';
import { searchConnections } from './connections.js';
import { DictionarySweep } from './dictionary.js';
import { rebuildTables } from './rebuild-tables.js';
import { answer } from './search.js';
import { SeenCounts } from './seen-counts.js';
import { readSnapshot } from './snapshot.js';
import { LIVE } from './tables.js';
import { UsualLexemes } from './usual-lexemes.js';
import { UsualWords } from './usual-words.js';
import { prepareBatch, writeBatch } from './write.js';

/**
 * The search index kept in the catalog's own PostgreSQL. The database handle stays the caller's: `close` ends the connections of
 * searches alone.
 */
export function createPostgresqlIndex(database: Database): SearchIndex {
  const sweep = new DictionarySweep();
  const known = {
    usual: new UsualWords(),
    best: new BestDocuments(),
    lexemes: new UsualLexemes(),
    counts: new SeenCounts(),
  };
  let searching: Database | undefined;
  return {
    engine: 'postgresql',
    prepare: () =>
      available(async () => {
        const { rows } = await database.raw<{ rows: { ready: boolean }[] }>(
          `SELECT to_regclass('search_document') IS NOT NULL AS ready`,
        );
        if (rows[0]?.ready !== true)
          throw new SearchUnavailable('The search tables are missing: the migrations have not run.');
      }),
    upkeep: () => available(() => keepBestIndexed(database)),
    write: (batch) => available(() => writeBatch(database, LIVE, prepareBatch(batch), { sweep })),
    search: (request, signal) =>
      available(() => {
        searching ??= searchConnections(database);
        return readSnapshot({ searching, database, signal }, (snapshot) => answer(snapshot, LIVE, request, known));
      }),
    rebuild: (documents) => available(() => rebuildTables(database, documents)),
    health: async () => {
      try {
        await database.raw('SELECT FROM search_document LIMIT 1');
        return { ok: true };
      } catch {
        return { ok: false, reason: 'PostgreSQL does not answer, or its search tables are missing.' };
      }
    },
    close: async () => {
      await searching?.destroy();
      searching = undefined;
    },
  };
}

/** SQLSTATE classes of a server that is away or has no room: connection, resources, operator intervention. */
const AWAY = /^(08|53|57)/;

async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof InvalidCursor || error instanceof SearchUnavailable) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (AWAY.test(code) || /^E[A-Z]+$/.test(code) || isTimeout(error))
      throw new SearchUnavailable('PostgreSQL, which holds the search index, does not answer.', { cause: error });
    throw error;
  }
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'KnexTimeoutError' || error.message.startsWith('Connection terminated'))
  );
}
