import { resolve } from 'node:path';
import { postgresqlConnector } from '../../connectors/postgresql/connector.js';
import { migrate, openDatabase } from '../../db/database.js';
import { allDocuments } from '../../search/documents.js';
import type { SearchDocument } from '../../search/port.js';
import { crawledCatalog } from '../../test/fakes/crawled-catalog.js';
import { loadSql, sampleSchema } from '../../test/servers/load-sql.js';

/** The databases that the relevance set asks about, and the scripts that make them. */
const SOURCES: [database: string, script: () => string | undefined][] = [
  ['pagila', () => sampleSchema('pagila-schema.sql')],
  ['chinook', () => sampleSchema('chinook-postgresql.sql')],
  ['adventureworks', () => sampleSchema('adventureworks-postgresql.sql')],
  ['warehouse', () => resolve('bench/relevance/warehouse.sql')],
];

/**
 * Loads the sample schemas into databases of a server, crawls them with the product's own connector and activities, and
 * gives the documents that search would hold of them.
 * @param makeDatabase makes an empty database and gives its URL
 */
export async function realDocuments(makeDatabase: (name: string) => Promise<string>): Promise<SearchDocument[]> {
  const catalogUrl = await makeDatabase('relevance_catalog');
  const database = openDatabase(catalogUrl, { name: 'datamap-bench' });
  try {
    await migrate(database);
    for (const [name, script] of SOURCES) {
      const path = script();
      if (path === undefined) throw new Error(`The relevance set needs the sample schema of ${name}`);
      const url = await makeDatabase(`relevance_${name}`);
      // The dump of Chinook makes a database of its own and would leave the one that it is loaded into.
      await loadSql(url, path);
      const map = await crawledCatalog(database, { connector: () => postgresqlConnector }, name);
      map.context.loadConnector = async () => ({
        ...postgresqlConnector,
        openDatabase: (_connection, _name, options) =>
          postgresqlConnector.openDatabase(
            connectionTo(url),
            decodeURIComponent(new URL(url).pathname.slice(1)),
            options,
          ),
      });
      await map.crawl();
    }
    const documents: SearchDocument[] = [];
    for await (const page of allDocuments(database)) documents.push(...page);
    return documents;
  } finally {
    await database.destroy();
  }
}

function connectionTo(url: string) {
  const { config, secrets } = postgresqlConnector.spec.parseUrl(url);
  return { config: { ...config, tls: 'off' }, secrets };
}
