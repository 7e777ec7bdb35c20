import { openDatabase } from '../db/database.js';
import { createSearchIndex } from './create-index.js';
import { rebuildIndex } from './rebuild.js';

/** `npm run search:rebuild`: fills the search index anew from the catalog. Reads DATABASE_URL, MEILI_URL, MEILI_MASTER_KEY. */
async function main(): Promise<void> {
  const url = process.env.DATABASE_URL;
  if (url === undefined || url === '')
    throw Object.assign(new Error('DATABASE_URL is not set.'), {
      remedy: 'Set it to the catalog, e.g. DATABASE_URL=postgres://datamap@127.0.0.1:5432/datamap',
    });
  const database = openDatabase(url, { name: 'datamap-search-rebuild', max: 6 });
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  try {
    const index = createSearchIndex({
      database,
      meiliUrl: process.env.MEILI_URL,
      meiliKey: process.env.MEILI_MASTER_KEY,
    });
    await index.prepare();
    const began = performance.now();
    const held = await rebuildIndex(database, index, {
      signal: interrupted.signal,
      onProgress: (documents) => {
        if (documents % 10_000 === 0) console.log(`${documents} documents read`);
      },
    });
    const seconds = (performance.now() - began) / 1000;
    console.log(`${held} documents in ${index.engine} after ${seconds.toFixed(1)} s`);
    await index.close();
  } finally {
    await database.destroy();
  }
}

main().catch((error: Error & { remedy?: string }) => {
  console.error(error.name === 'AbortError' ? 'Interrupted; the index is as it was.' : error.message);
  if (error.remedy !== undefined) console.error(error.remedy);
  process.exitCode = 1;
});
