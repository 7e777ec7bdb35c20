import { migrate, openDatabase } from './database.js';

/** `npm run db:migrate`: brings the catalog's schema up to date. Reads DATABASE_URL. */
const url = process.env['DATABASE_URL'];
if (url === undefined || url === '') {
  console.error('DATABASE_URL is not set. Set it to the catalog, e.g. postgres://datamap@127.0.0.1:5432/datamap');
  process.exit(2);
}
const database = openDatabase(url, { max: 2, name: 'datamap-migrate' });
try {
  const applied = await migrate(database);
  console.log(applied.length === 0 ? 'The catalog is up to date.' : `Applied: ${applied.join(', ')}.`);
} finally {
  await database.destroy();
}
