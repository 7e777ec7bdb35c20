import { openDatabase } from '../../db/database.js';

export interface MapSize {
  databases: number;
  tables: number;
  columns: number;
}

/** Counts what is on the map, whoever may see it. */
export async function mapSize(databaseUrl: string): Promise<MapSize> {
  const database = openDatabase(databaseUrl, { max: 1, name: 'datamap-up' });
  try {
    const { rows } = await database.raw<{ rows: MapSize[] }>(`
      SELECT count(*) FILTER (WHERE kind = 'database')::integer AS databases,
             count(*) FILTER (WHERE kind = 'table')::integer AS tables,
             coalesce(sum(column_count) FILTER (WHERE kind = 'table'), 0)::integer AS columns
      FROM entity
      WHERE removed_at IS NULL
    `);
    return rows[0] ?? { databases: 0, tables: 0, columns: 0 };
  } finally {
    await database.destroy();
  }
}
