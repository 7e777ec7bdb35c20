import { randomUUID } from 'node:crypto';
import { createSession } from '../access/sessions.js';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { SYNTHETIC_DATABASES, WORKSPACES } from './synthetic-documents.js';

/** People who are signed in, by the secrets of their sessions. */
export interface SyntheticPeople {
  /** One of each workspace, in their order. */
  members: string[];
  /** Sees half of all workspaces, and one more with ten thousand databases that nothing is in. */
  wide: string;
}

/** Puts the databases of the synthetic documents into a catalog, with the people who see some of them. */
export async function addPeople(database: Database): Promise<SyntheticPeople> {
  await database.raw('TRUNCATE person, workspace, data_source, crawler, collected_database CASCADE');
  await database.raw(`INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`);
  const workspaces: string[] = [];
  for (let n = 0; n <= WORKSPACES; n += 1) workspaces.push(await addWorkspace(database, n));
  const members: string[] = [];
  for (const workspace of workspaces.slice(0, WORKSPACES)) members.push(await addPerson(database, [workspace]));
  const wide = [...workspaces.slice(0, WORKSPACES / 2), workspaces[WORKSPACES] as string];
  await database.raw('ANALYZE person, workspace, workspace_member, session, collected_database');
  return { members, wide: await addPerson(database, wide) };
}

/** The workspace behind the last has the databases of which there are no documents. */
async function addWorkspace(database: Database, n: number): Promise<string> {
  const workspace = await one(database, 'INSERT INTO workspace (name) VALUES (?) RETURNING id', [`Workspace ${n}`]);
  const source = await one(
    database,
    `INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
     VALUES (?, ?, 'postgresql', ?, 'production', '{}') RETURNING id`,
    [workspace, `source ${n}`, randomUUID()],
  );
  const crawler = await one(
    database,
    `INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name) VALUES (?, ?, 'default', ?) RETURNING id`,
    [workspace, source, `crawler ${n}`],
  );
  const documented = SYNTHETIC_DATABASES.filter((each) => each.workspace === n);
  const databases =
    n < WORKSPACES
      ? documented
      : Array.from({ length: 10_000 }, (_, at) => ({ id: String(1_000 + at), name: `empty_${at}`, isPublic: false }));
  await database.raw(
    `INSERT INTO collected_database (id, crawler_id, data_source_id, workspace_id, source_type, instance, name, visibility)
     OVERRIDING SYSTEM VALUE
     SELECT id, ?, ?, ?, 'postgresql', ?, name, CASE WHEN is_public THEN 'tenant' ELSE 'workspace' END
     FROM unnest(?::bigint[], ?::text[], ?::boolean[]) AS d (id, name, is_public)`,
    [
      crawler,
      source,
      workspace,
      `bench-${n}`,
      databases.map(({ id }) => id),
      databases.map(({ name }) => name),
      databases.map(({ isPublic }) => isPublic),
    ],
  );
  return workspace;
}

async function addPerson(database: Database, workspaces: readonly string[]): Promise<string> {
  const person = await one(database, 'INSERT INTO person (email, name) VALUES (?, ?) RETURNING id', [
    `${randomUUID()}@datamap.test`,
    'Bench',
  ]);
  await database.raw(
    `INSERT INTO workspace_member (workspace_id, person_id, role) SELECT w, ?, 'viewer' FROM unnest(?::uuid[]) AS w`,
    [person, [...workspaces]],
  );
  return (await createSession(database, person)).secret;
}

async function one(database: Database, sql: string, bindings: string[]): Promise<string> {
  const [row] = await query<{ id: string }>(database, sql, bindings);
  if (row === undefined) throw new Error('Nothing was inserted');
  return row.id;
}
