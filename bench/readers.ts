import { setTimeout as delay } from 'node:timers/promises';
import knexFactory from 'knex';
import { getEntity } from '../catalog/entities/entity.js';
import { listEntities } from '../catalog/entities/list-entities.js';
import { type Database, openDatabase } from '../db/database.js';
import { query } from '../db/query.js';
import { createSearchIndex } from '../search/create-index.js';
import { FACETS } from '../search/port.js';
import { watermark } from '../search/watermark.js';
import { longestLock } from './longest-lock.js';

/** As often as a person clicks who is in a hurry. */
const PAUSE = 20;
const NAME = 'datamap-bench-readers';

const visible = knexFactory({ client: 'pg' }).raw('d.retiring_at IS NULL');

/** How long readers waited, in milliseconds. */
export interface ReadersMeasure {
  /** Of each kind of question, how long each answer took. */
  answers: Record<string, number[]>;
  /** The longest that any of them was seen to wait for a lock. */
  longestLock: number;
}

/**
 * Asks what people ask while something else goes on: lists of two databases, single tables, searches, each by the
 * statements of the API, from one connection each, until `stop`.
 * @param names of two databases on the map: one that stays, and one that is about to leave
 */
export async function startReaders(
  url: string,
  names: { staying: string; leaving: string },
): Promise<{ stop(): Promise<ReadersMeasure> }> {
  const database = openDatabase(url, { name: NAME, max: 10 });
  const index = createSearchIndex({ database });
  const [staying, leaving] = [await databaseOf(database, names.staying), await databaseOf(database, names.leaving)];
  const search = (text: string) => async () => {
    await Promise.all([
      index.search({ text, filters: {}, visibleTo: 'everything', facets: [...FACETS], limit: 20 }),
      watermark(database),
    ]);
  };
  const list = (databaseId: string) => () =>
    listEntities(database, { kind: 'table', databaseId }, { limit: 100 }, visible);
  const questions: Record<string, () => Promise<unknown>> = {
    'list of tables that stay': list(staying.id),
    'list of tables that leave': list(leaving.id),
    'one table': () => getEntity(database, { id: staying.table }, visible),
    'search for one table': search('orders_123_daily'),
    'search for everything': search(''),
  };
  let reading = true;
  const answers: Record<string, number[]> = {};
  const loops = Object.entries(questions).map(async ([name, ask]) => {
    const took: number[] = [];
    answers[name] = took;
    while (reading) {
      const asked = performance.now();
      await ask();
      took.push(performance.now() - asked);
      await delay(PAUSE);
    }
  });
  const locks = longestLock(url, NAME, () => reading);
  // Nothing waits for the loops until `stop`, which hears of their failure.
  const all = Promise.all([...loops, locks]);
  all.catch(() => undefined);
  return {
    stop: async () => {
      reading = false;
      await all;
      await database.destroy();
      return { answers, longestLock: await locks };
    },
  };
}

async function databaseOf(database: Database, name: string): Promise<{ id: string; table: string }> {
  const [found] = await query<{ id: string; table: string }>(
    database,
    `SELECT d.id, (SELECT max(e.id) FROM entity e WHERE e.collected_database_id = d.id AND e.kind = 'table') AS table
       FROM collected_database d
      WHERE d.name = ?`,
    [name],
  );
  if (found === undefined) throw new Error(`There is no database ${name} on the map`);
  return found;
}
