import type { Knex } from 'knex';
import type { Database } from '../../db/database.js';
import { query } from '../../db/query.js';
import { NotFound } from '../../db/refusals.js';
import type { DescribedTable } from '../model/ddl.js';
import { placesOf } from '../model/guid.js';
import type { ForeignKey, Partition, TableType } from '../model/table.js';
import { getEntity } from './entity.js';
import type { ShownForeignKey } from './shown-structure.js';
import { getVersion, type Version } from './versions.js';

/** A text with more partitions than this is read by nobody. */
const PARTITIONS = 1_000;

/** A table as one version has it, under the type of its source. */
export interface TableOfSource {
  sourceType: string;
  version: number;
  table: DescribedTable;
}

/**
 * Reads a table as it is now, with its first thousand partitions in the order of the source.
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound also for what is no table
 */
export async function describeTable(database: Database, id: string, visible: Knex.Raw): Promise<TableOfSource> {
  const { kind, sourceType, version, partitionCount } = await getEntity(database, { id }, visible);
  if (kind !== 'table') throw new NotFound('table', id);
  const partitions = partitionCount === 0 ? [] : await firstPartitions(database, id);
  return {
    sourceType,
    version,
    table: {
      ...describedVersion(await getVersion(database, id, version, visible)),
      partitions,
      partitionsLeftOut: Math.max(0, partitionCount - partitions.length),
    },
  };
}

/**
 * Reads a table as it was at a version. Versions keep no partitions.
 * @param visible a condition on collected_database under the alias `d`
 * @throws NotFound also for what is no table
 */
export async function describeVersion(
  database: Database,
  id: string,
  version: number,
  visible: Knex.Raw,
): Promise<TableOfSource> {
  const { kind, sourceType } = await getEntity(database, { id }, visible);
  if (kind !== 'table') throw new NotFound('table', id);
  return { sourceType, version, table: describedVersion(await getVersion(database, id, version, visible)) };
}

/** A version that was read, as its DDL is written from. */
export function describedVersion({ guid, type, owner, comment, structure }: Version): DescribedTable {
  const { restricted, foreignKeys, ...shown } = structure;
  const left = foreignKeys.filter((key) => !isWhole(key));
  return {
    ...placesOf(guid),
    type: type as TableType,
    owner,
    comment,
    structure: { ...shown, foreignKeys: foreignKeys.filter(isWhole) },
    partitions: [],
    partitionsLeftOut: 'all',
    ...(restricted === undefined && left.length === 0
      ? {}
      : { restricted: { foreignKeys: left.map(({ name }) => name), viewDefinition: restricted !== undefined } }),
  };
}

const isWhole = (key: ShownForeignKey): key is ForeignKey => !('restricted' in key.references);

async function firstPartitions(database: Database, id: string): Promise<Partition[]> {
  const rows = await query<{
    name: string;
    ordinal: number;
    bound: string | null;
    parent: string | null;
    properties: Record<string, string>;
  }>(
    database,
    `SELECT name, ordinal, bound, parent, properties
     FROM table_partition
     WHERE entity_id = ?
     ORDER BY ordinal, name
     LIMIT ?`,
    [id, PARTITIONS],
  );
  return rows.map(({ bound, parent, ...partition }) => ({
    ...partition,
    ...(bound === null ? {} : { bound }),
    ...(parent === null ? {} : { parent }),
  }));
}
