import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Meilisearch } from 'meilisearch';
import pg from 'pg';
import { freePort } from '../cli/embedded/free-port.js';
import { startPostgres } from '../cli/embedded/postgres.js';
import { migrate, openDatabase } from '../db/database.js';
import { createMeilisearchIndex } from '../search/meilisearch/adapter.js';
import type { SearchDocument, SearchIndex } from '../search/port.js';
import { createPostgresqlIndex } from '../search/postgresql/adapter.js';
import { printMeasures } from './print-measures.js';
import { realDocuments } from './relevance/real-documents.js';

/** A query of the set, and the qualified names of the tables that answer it. */
interface Asked {
  kind: string;
  query: string;
  right: string[];
}

/** Where the right tables stood among the hits of one query. */
interface Scored extends Asked {
  hits: string[];
  recall3: number;
  recall10: number;
  reciprocalRank: number;
}

/** The least share of queries whose right table must be among the first three hits. */
const WANTED = 0.95;

/**
 * Asks each index the queries of `relevance/queries.tsv` over the sample schemas, and prints how often the right table is
 * among the first. Meilisearch is asked where MEILI_URL (and MEILI_MASTER_KEY or MEILI_KEY) name a running one.
 * @param options.misses also list the queries that were answered wrongly
 */
export async function benchRelevance(options: { misses: boolean }): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'datamap-relevance-'));
  chmodSync(directory, 0o755);
  const server = await startPostgres({ dataDirectory: join(directory, 'postgres'), port: await freePort() });
  try {
    const makeDatabase = (name: string) => createDatabase(server.url, name);
    const documents = await realDocuments(makeDatabase);
    const asked = readQueries(documents);
    console.log(`${asked.length} queries over ${documents.length} documents`);

    const database = openDatabase(await makeDatabase('relevance_index'), { name: 'datamap-bench' });
    await migrate(database);
    const index = createPostgresqlIndex(database);
    const scores = [await scoreOf(index, documents, asked), await scoreOf(index, documents, asked, { onlyBest: true })];
    await database.destroy();

    const url = process.env.MEILI_URL ?? '';
    if (url === '') console.warn('NOT MEASURED: Meilisearch. Set MEILI_URL to a running server.');
    else scores.push(await scoreMeilisearch(url, documents, asked));
    for (const { engine, scored } of scores) print(engine, scored, options.misses);
    for (const { engine, scored } of scores)
      if (average(scored, ({ recall3 }) => recall3) < WANTED) {
        console.error(`${engine}: fewer than ${WANTED * 100} % of the right tables are among the first three hits`);
        process.exitCode = 1;
      }
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const admin = new pg.Client(serverUrl);
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function scoreMeilisearch(url: string, documents: SearchDocument[], asked: Asked[]) {
  const key = process.env.MEILI_MASTER_KEY ?? process.env.MEILI_KEY ?? '';
  const uid = `relevance_${randomBytes(4).toString('hex')}`;
  const index = createMeilisearchIndex({ url, key, uid });
  try {
    return await scoreOf(index, documents, asked);
  } finally {
    await new Meilisearch({ host: url, apiKey: key }).deleteIndex(uid).waitTask();
    await index.close();
  }
}

/** @param how nothing of it asks as a search does, `onlyBest` as suggestions do */
async function scoreOf(index: SearchIndex, documents: SearchDocument[], asked: Asked[], how: { onlyBest?: true } = {}) {
  await index.prepare();
  await index.write({ put: documents, remove: [] });
  const scored: Scored[] = [];
  for (const each of asked) {
    const { hits } = await index.search({
      text: each.query,
      filters: {},
      visibleTo: 'everything',
      facets: [],
      limit: 10,
      ...how,
    });
    scored.push(
      score(
        each,
        hits.map(({ document }) => document.qualifiedName),
      ),
    );
  }
  return { engine: how.onlyBest ? `${index.engine}, while typing` : index.engine, scored };
}

function score(asked: Asked, hits: string[]): Scored {
  const recall = (first: number) =>
    asked.right.filter((name) => hits.slice(0, first).includes(name)).length / Math.min(first, asked.right.length);
  const best = hits.findIndex((hit) => asked.right.includes(hit));
  return { ...asked, hits, recall3: recall(3), recall10: recall(10), reciprocalRank: best < 0 ? 0 : 1 / (best + 1) };
}

function readQueries(documents: readonly SearchDocument[]): Asked[] {
  const guids = new Map(documents.map(({ qualifiedName, guid }) => [qualifiedName, guid]));
  return readFileSync(resolve('bench/relevance/queries.tsv'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [kind = '', query = '', right = ''] = line.split('\t');
      const names = right.split('|');
      for (const name of names) if (!guids.has(name)) throw new Error(`No table ${name}, the answer to "${query}"`);
      // Guids name the server, which is another one in each run.
      return { kind, query: query.startsWith('guid:') ? (guids.get(query.slice(5)) ?? query) : query, right: names };
    });
}

function average(scored: readonly Scored[], of: (one: Scored) => number): number {
  return scored.reduce((sum, one) => sum + of(one), 0) / scored.length;
}

function print(engine: string, scored: readonly Scored[], misses: boolean): void {
  const kinds = [...new Set(scored.map(({ kind }) => kind))];
  const figures = (some: readonly Scored[]) => ({
    queries: String(some.length),
    'recall@3': average(some, ({ recall3 }) => recall3).toFixed(3),
    'recall@10': average(some, ({ recall10 }) => recall10).toFixed(3),
    MRR: average(some, ({ reciprocalRank }) => reciprocalRank).toFixed(3),
  });
  printMeasures(
    `Right tables among the first hits: ${engine}`,
    Object.fromEntries([
      ...kinds.map((kind) => [kind, figures(scored.filter((one) => one.kind === kind))]),
      ['all', figures(scored)],
    ]),
  );
  if (misses)
    for (const { kind, query, right, hits, recall3 } of scored)
      if (recall3 < 1) console.log(`${kind}: "${query}" wants ${right.join(', ')}; got ${hits.slice(0, 5).join(', ')}`);
}
