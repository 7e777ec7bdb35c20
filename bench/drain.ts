import { randomUUID } from 'node:crypto';
import type { Database } from '../db/database.js';
import { query } from '../db/query.js';
import { drainOutbox } from '../search/outbox.js';
import { createPostgresqlIndex } from '../search/postgresql/adapter.js';
import { startIndexServer } from './index-server.js';
import { printMeasures } from './print-measures.js';
import { syntheticDocuments } from './synthetic-documents.js';

/** As many as the activity drains in one go. */
const BATCH = 1_000;
const CRAWLER = 'drained';

/** What it took to bring some changes into the index. Milliseconds. */
interface Drained {
  documents: number;
  took: number;
  /** Processor time of PostgreSQL, and of this process. */
  server: number;
  own: number;
}

/**
 * Brings tables into an index of many documents, changes them there, and takes them out again, through the outbox.
 * @param options.documents already in the index
 * @param options.tables that come, change and go
 */
export async function benchDrain({ documents, tables }: { documents: number; tables: number }): Promise<void> {
  const server = await startIndexServer(10);
  try {
    const held = await createPostgresqlIndex(server.database).rebuild(syntheticDocuments(documents));
    await addTables(server.database, tables);
    await server.database.raw('VACUUM ANALYZE');
    const measured = await measureDrains(server.database, server.cpu);
    printMeasures(
      `${tables} tables, in an index of ${held} documents in PostgreSQL`,
      Object.fromEntries(
        Object.entries(measured).map(([kind, each]) => [
          kind,
          {
            seconds: (each.took / 1_000).toFixed(1),
            'documents a second': ((each.documents * 1_000) / each.took).toFixed(0),
            "ms of the server's processor, per 1,000": ((each.server * 1_000) / each.documents).toFixed(0),
            "ms of the drainer's processor, per 1,000": ((each.own * 1_000) / each.documents).toFixed(0),
          },
        ]),
      ),
    );
    console.log(JSON.stringify({ bench: 'drain', documents: held, tables, ...measured }));
  } finally {
    await server.close();
  }
}

/** @param cpu milliseconds of processor time that the server has taken so far */
export async function measureDrains(database: Database, cpu: () => number): Promise<Record<string, Drained>> {
  const all = `SELECT e.id FROM entity e JOIN collected_database d ON d.id = e.collected_database_id WHERE d.name = '${CRAWLER}'`;
  const measured: Record<string, Drained> = {};
  const measure = async (kind: string, change: string) => {
    if (change !== '') await database.raw(`UPDATE entity SET ${change} WHERE id IN (${all})`);
    await database.raw(`INSERT INTO search_outbox (entity_id) ${all}`);
    measured[kind] = await drain(database, cpu);
  };
  await measure('new', '');
  await measure('unchanged', '');
  await measure('one word changed', `comment = comment || ' changed'`);
  await measure('removed', 'removed_at = now()');
  return measured;
}

async function drain(database: Database, cpu: () => number): Promise<Drained> {
  const index = createPostgresqlIndex(database);
  const [began, server, own] = [performance.now(), cpu(), process.cpuUsage()];
  let documents = 0;
  for (let remaining = true; remaining; ) {
    const batch = await drainOutbox(database, index, { limit: BATCH });
    documents += batch.drained;
    remaining = batch.remaining;
  }
  const { user, system } = process.cpuUsage(own);
  return { documents, took: performance.now() - began, server: cpu() - server, own: (user + system) / 1_000 };
}

/** Tables as a crawl leaves them, of a database of their own. */
export async function addTables(database: Database, tables: number): Promise<void> {
  const one = async (sql: string, bindings: string[] = []): Promise<string> => {
    const [row] = await query<{ id: string }>(database, sql, bindings);
    if (row === undefined) throw new Error('Nothing was inserted');
    return row.id;
  };
  await database.raw(`INSERT INTO resource_group (id, name) VALUES ('default', 'Default') ON CONFLICT DO NOTHING`);
  const workspace = await one('INSERT INTO workspace (name) VALUES (?) RETURNING id', [randomUUID()]);
  const source = await one(
    `INSERT INTO data_source (workspace_id, name, type, instance, environment, config)
     VALUES (?, 'drained', 'postgresql', ?, 'production', '{}') RETURNING id`,
    [workspace, randomUUID()],
  );
  const crawler = await one(
    `INSERT INTO crawler (workspace_id, data_source_id, resource_group_id, name) VALUES (?, ?, 'default', ?) RETURNING id`,
    [workspace, source, CRAWLER],
  );
  const collected = await one(
    `INSERT INTO collected_database (crawler_id, data_source_id, workspace_id, source_type, instance, name)
     VALUES (?, ?, ?, 'postgresql', ?, ?) RETURNING id`,
    [crawler, source, workspace, randomUUID(), CRAWLER],
  );
  // Far above the ids of the documents that are there.
  await database.raw(`SELECT setval('entity_id_seq', 100000000)`);
  for await (const page of syntheticDocuments(tables))
    await database.raw(
      `INSERT INTO entity (guid, kind, type, collected_database_id, schema_name, name, comment, structure, hash, changed_run_id)
       SELECT guid, 'table', 'TABLE', ?, schema_name, name, comment, structure, '\\x00', gen_random_uuid()
       FROM unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::text[]) AS e (guid, schema_name, name, comment, structure)`,
      [
        collected,
        page.map(({ guid }) => `${guid}:${CRAWLER}`),
        page.map(({ schema }) => schema ?? ''),
        page.map(({ name }) => name),
        page.map(({ comment }) => comment ?? ''),
        page.map(({ columnNames }) =>
          JSON.stringify({
            columns: columnNames.map((name, at) => ({
              name,
              ordinal: at + 1,
              type: 'text',
              nullable: true,
              comment: `The ${name.replaceAll('_', ' ')} of a row`,
            })),
          }),
        ),
      ],
    );
}
