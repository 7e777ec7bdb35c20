import type { Database } from '../../db/database.js';
import type { SearchDocument } from '../port.js';
import { indexBest } from './best-documents.js';
import { fillNames } from './name-words.js';
import { LIVE, NEXT, type Tables } from './tables.js';
import { prepareBatch, writeBatch } from './write.js';

const ALL: (keyof Tables)[] = ['audience', 'group', 'document', 'term', 'name'];

/**
 * Fills a second copy of the index and puts it in the place of the first in one transaction. Readers see the old copy
 * until then and the new one after. One rebuild at a time; search/rebuild.ts sees to that and to what is written meanwhile.
 * @returns how many documents the new copy holds
 */
export async function rebuildTables(
  database: Database,
  documents: AsyncIterable<readonly SearchDocument[]>,
): Promise<number> {
  await dropNext(database);
  await createNext(database);
  try {
    await fill(database, documents);
    await database.raw(`CREATE INDEX ON ${NEXT.document} USING gin (words)`);
    await database.raw(`CREATE INDEX ON ${NEXT.document} (standing, id) INCLUDE (visible_to, group_id, names)`);
    await indexBest(database, NEXT);
    await database.raw(`CREATE INDEX ON ${NEXT.document} (changed_at, id)`);
    await database.raw(`CREATE INDEX ON ${NEXT.document} (group_id)`);
    await database.raw(`CREATE INDEX ON ${NEXT.term} USING gin (term gin_trgm_ops)`);
    await fillNames(database, NEXT);
    await database.raw(`CREATE INDEX ON ${NEXT.name} (word, standing, id)`);
    // Vacuumed too, so that indexes are believed without a look at the rows.
    for (const copy of ALL) await database.raw(`VACUUM ANALYZE ${NEXT[copy]}`);
    return await swap(database);
  } catch (error) {
    await dropNext(database).catch(() => undefined);
    throw error;
  }
}

/** Reads and takes apart the next page while PostgreSQL writes the one before; never two writes at once. */
async function fill(database: Database, documents: AsyncIterable<readonly SearchDocument[]>): Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  for await (const page of documents) {
    const prepared = prepareBatch({ put: page, remove: [] });
    await writing;
    writing = writeBatch(database, NEXT, prepared, { names: 'later' });
    // Whether it failed is asked a page later, or not at all when the pages themselves fail first.
    writing.catch(() => undefined);
  }
  await writing;
}

/** The same tables without their secondary indexes: those are made in a third of the time once the rows are there. */
async function createNext(database: Database): Promise<void> {
  for (const copy of ALL) {
    await database.raw(
      `CREATE TABLE ${NEXT[copy]} (LIKE ${LIVE[copy]} INCLUDING ALL EXCLUDING INDEXES)
       ${copy === 'document' ? 'WITH (toast_tuple_target = 128)' : ''}`,
    );
  }
  await database.raw(`ALTER TABLE ${NEXT.group} ADD PRIMARY KEY (id), ADD UNIQUE (digest)`);
  await database.raw(`ALTER TABLE ${NEXT.audience} ADD PRIMARY KEY (visible_to)`);
  await database.raw(`ALTER TABLE ${NEXT.document} ADD PRIMARY KEY (id)`);
  await database.raw(`ALTER TABLE ${NEXT.term} ADD PRIMARY KEY (term)`);
}

async function swap(database: Database): Promise<number> {
  return database.transaction(async (transaction) => {
    // In the order in which searches come to them, or the two could wait for each other.
    await transaction.raw(`LOCK TABLE ${ALL.map((copy) => LIVE[copy]).join(', ')} IN ACCESS EXCLUSIVE MODE`);
    await transaction.raw(`DROP TABLE ${ALL.map((copy) => LIVE[copy]).join(', ')}`);
    for (const copy of ALL) await transaction.raw(`ALTER TABLE ${NEXT[copy]} RENAME TO ${LIVE[copy]}`);
    const { rows } = await transaction.raw<{ rows: { n: number }[] }>(
      `SELECT coalesce(sum(documents), 0)::integer AS n FROM ${LIVE.group}`,
    );
    return rows[0]?.n ?? 0;
  });
}

async function dropNext(database: Database): Promise<void> {
  await database.raw(`DROP TABLE IF EXISTS ${ALL.map((copy) => NEXT[copy]).join(', ')}`);
}
