import { createPerson } from '../access/people.js';
import { createSession } from '../access/sessions.js';
import { createToken } from '../access/tokens.js';
import { createWorkspace } from '../access/workspaces.js';
import { createCrawler } from '../catalog/crawlers/write-crawlers.js';
import { encodeCursor } from '../catalog/model/cursor.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { createSearchIndex } from '../search/create-index.js';
import { keepCurrent } from '../search/keep-current.js';
import { type Installation, install } from './installation.js';
import { multiplyTables } from './multiply-tables.js';
import { runToItsEnd } from './run-to-its-end.js';
import type { BenchStack } from './stack.js';
import { fillSyntheticPostgres } from './synthetic-postgres.js';

/** Relations of the large database as it is crawled, and how many of them are tables of the map: not the partitions. */
const CRAWLED = 1_000;
const TABLES = 960;
/** Databases beside the large one, with so many relations each. */
const OTHERS = 40;
const SMALL = 100;
/** Of the tables of the large database, one in so many is asked for. */
const ASKED_EVERY = 10;

/** Whom a credential lets in, by what they see: the large database and another one; all that there are; or as tenant's admin. */
export const SEES = ['2 of 41 databases', 'all 41', "the tenant's admin"] as const;

/** An installation whose map has one large database beside forty small ones, each in a workspace of its own. */
export interface LargeMap extends Installation {
  tables: number;
  /** The large database's row in a crawler's scope. */
  databaseId: string;
  /** Tables of it to ask for. */
  ids: string[];
  /** The place that page `number` of its list begins after. */
  placeBefore(number: number, limit: number): Promise<{ cursor: string; schema: string; name: string; id: string }>;
  /** Somebody new, with a session and a token. */
  letIn(sees: (typeof SEES)[number] | 'nothing of it'): Promise<{ session: string; token: string }>;
}

/** Crawls 41 databases and multiplies one of them until it has so many tables. */
export async function makeLargeMap(stack: BenchStack, tables: number): Promise<LargeMap> {
  const names = await fillSources(stack);
  const url = new URL(stack.postgres);
  url.pathname = '/small_0';
  const installation = await install(stack, { type: 'postgresql', url: url.href, database: 'small_0' }, 'catalog');
  const { database } = installation;
  // While there is nothing on the map yet: an API that finds an index of unknown version would fill another one meanwhile.
  await keepCurrent(database, createSearchIndex({ database }));
  const crawler = await createCrawler(database, {
    workspaceId: installation.workspaceId,
    dataSourceId: installation.dataSourceId,
    resourceGroupId: installation.resourceGroupId,
    databases: names.filter((name) => name !== 'small_0'),
    plan: { mode: 'manual' },
  });
  await runToItsEnd(installation, installation);
  await runToItsEnd(installation, { crawlerId: crawler.id, crawlerName: crawler.name });
  await multiplyTables(database, {
    databaseName: 'large',
    relations: CRAWLED,
    times: Math.max(1, Math.ceil(tables / TABLES)),
  });
  const workspaces = await moveApart(database, names);
  await database.raw('VACUUM ANALYZE');
  // What the filling wrote goes to disk now, and not while others are measured.
  await database.raw('CHECKPOINT');
  const [large] = await query<{ id: string; ids: string[]; tables: number }>(
    database,
    `SELECT d.id::text, count(*)::int AS tables,
            array_agg(e.id::text ORDER BY e.id) FILTER (WHERE e.id % :every = 0) AS ids
       FROM collected_database d
       JOIN entity e ON e.collected_database_id = d.id AND e.kind = 'table' AND e.removed_at IS NULL
      WHERE d.name = 'large'
      GROUP BY d.id`,
    { every: ASKED_EVERY },
  );
  if (large === undefined) throw new Error('The large database is not on the map');
  return {
    ...installation,
    tables: large.tables,
    databaseId: large.id,
    ids: large.ids,
    placeBefore: (number, limit) => placeBefore(database, large.id, number, limit),
    letIn: (sees) => letIn(database, workspaces, sees),
  };
}

/** @returns the names of all databases, the large one first */
async function fillSources(stack: BenchStack): Promise<string[]> {
  const small = Array.from({ length: OTHERS }, (_, n) => `small_${n}`);
  await fillSyntheticPostgres(await stack.createDatabase('large'), CRAWLED);
  await fillSyntheticPostgres(await stack.createDatabase('small_0'), SMALL);
  for (const name of small.slice(1)) await stack.createDatabase(name, 'small_0');
  return ['large', ...small];
}

/** Gives each database a workspace of its own. @returns their ids, the large one's first */
async function moveApart(database: Database, names: readonly string[]): Promise<string[]> {
  const admin = await createPerson(database, { email: 'workspaces@datamap.test', name: 'Workspaces' });
  const ids: string[] = [];
  for (const name of names) {
    const { id } = await createWorkspace(database, { name: `of ${name}` }, admin.id);
    await query(database, 'UPDATE collected_database SET workspace_id = ? WHERE name = ?', [id, name]);
    ids.push(id);
  }
  return ids;
}

async function placeBefore(database: Database, databaseId: string, number: number, limit: number) {
  const [last] = await query<{ schema: string; name: string; id: string }>(
    database,
    `SELECT schema_name AS schema, name, id
       FROM entity
      WHERE collected_database_id = :databaseId AND kind = 'table' AND removed_at IS NULL
      ORDER BY schema_name, name, id
     OFFSET :before LIMIT 1`,
    { databaseId, before: (number - 1) * limit - 1 },
  );
  if (last === undefined) throw new Error(`The large database has no page ${number}`);
  return { ...last, cursor: encodeCursor([`.${last.schema}`, last.name, last.id]) };
}

let people = 0;

async function letIn(
  database: Database,
  workspaces: readonly string[],
  sees: Parameters<LargeMap['letIn']>[0],
): Promise<{ session: string; token: string }> {
  people += 1;
  const person = await createPerson(database, {
    email: `person-${people}@datamap.test`,
    name: `Person ${people}`,
    tenantRole: sees === "the tenant's admin" ? 'admin' : 'member',
  });
  const member: Record<typeof sees, readonly string[]> = {
    '2 of 41 databases': workspaces.slice(0, 2),
    'all 41': workspaces,
    "the tenant's admin": [],
    'nothing of it': workspaces.slice(1, 2),
  };
  await query(
    database,
    `INSERT INTO workspace_member (workspace_id, person_id, role)
     SELECT id, :personId, 'viewer' FROM unnest(:workspaces::uuid[]) AS id`,
    { personId: person.id, workspaces: [...member[sees]] },
  );
  return {
    session: (await createSession(database, person.id)).secret,
    token: (await createToken(database, person.id, { name: 'bench' })).token,
  };
}
