import type { Column, SourceTable } from '../../catalog/model/table.js';

const TYPES = [
  'bigint',
  'integer',
  'text',
  'character varying(40)',
  'numeric(12,2)',
  'timestamp with time zone',
  'date',
];

/** A table of 20 commented columns with a primary key, and a second index on every third. */
export function syntheticTable(key: string, schema: string | null, index: number): SourceTable {
  const columns = Array.from({ length: 20 }, (_, place) => syntheticColumn(place, index));
  return {
    key,
    schema,
    name: `orders_${index}_daily`,
    type: 'TABLE',
    owner: 'shop',
    comment: `relation ${index}: orders of one day`,
    structure: {
      columns,
      primaryKey: { name: `orders_${index}_daily_pkey`, columns: ['id'] },
      uniqueKeys: [],
      foreignKeys: [],
      indexes:
        index % 3 === 0
          ? [{ name: `orders_${index}_daily_c1_idx`, unique: false, method: 'btree', columns: ['c1', 'id'] }]
          : [],
      properties: {},
    },
    partitions: [],
    rows: 1_000,
    bytes: 8_192,
  };
}

export function syntheticColumn(place: number, table = 0): Column {
  const type = TYPES[(place + table) % TYPES.length] ?? 'text';
  return {
    name: place === 0 ? 'id' : `c${place}`,
    ordinal: place + 1,
    type,
    baseType: type.split('(')[0] ?? type,
    nullable: place !== 0,
    comment: `column ${place} of kind ${table % 10}: what it holds and how it is used`,
  };
}
