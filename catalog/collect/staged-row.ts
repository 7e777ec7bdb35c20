import { guidOf } from '../model/guid.js';
import { columnCount } from '../model/structure-text.js';
import type { SourceTable } from '../model/table.js';
import { type CanonicalTable, hashOf } from './canonical.js';
import type { CopyType, CopyValue } from './copy-binary.js';
import type { ListedObject } from './listing-diff.js';
import { DATABASE_KEY, kindOfKey, schemaKey } from './native-key.js';
import { storable } from './storable-text.js';

/** The columns of staged_object with their types, in the order in which rows are written, after run, unit and page. */
const STAGED = {
  op: 'text',
  kind: 'text',
  native_key: 'text',
  guid: 'text',
  type: 'text',
  schema_name: 'text',
  name: 'text',
  owner: 'text',
  comment: 'text',
  structure: 'text',
  column_count: 'integer',
  partitions: 'jsonb',
  fingerprint: 'text',
  hash: 'bytea',
  structure_hash: 'bytea',
  partition_hash: 'bytea',
  row_estimate: 'bigint',
  size_bytes: 'bigint',
} as const satisfies Record<string, CopyType>;
export const STAGED_COLUMNS = Object.keys(STAGED);
export const STAGED_TYPES: readonly CopyType[] = Object.values(STAGED);

/** The values of one staged row, in the order of STAGED_COLUMNS. */
export type StagedRow = CopyValue[];

/** Which database of which source: the outer places of every guid in it. */
export interface DatabasePlace {
  sourceType: string;
  instance: string;
  database: string;
}

/** What was listed of an object, with the native key under which it is staged. */
export type Listed = Pick<ListedObject, 'nativeKey' | 'fingerprint' | 'rows' | 'bytes'>;

/** A table whose content differs from what the catalog holds. */
export function upsertOfTable(guid: string, listed: Listed, canonical: CanonicalTable): StagedRow {
  const { table } = canonical;
  const { rows, bytes } = statisticsOf(table, listed);
  return [
    'upsert',
    'table',
    listed.nativeKey,
    guid,
    table.type,
    table.schema,
    table.name,
    table.owner,
    table.comment,
    canonical.structure,
    columnCount(table),
    canonical.partitions,
    listed.fingerprint,
    canonical.hash,
    canonical.structureHash,
    canonical.partitionHash,
    whole(rows),
    whole(bytes),
  ];
}

/** A table that has a new fingerprint and the content it had. */
export function touchOfTable(listed: Listed, table: SourceTable): StagedRow {
  const { rows, bytes } = statisticsOf(table, listed);
  return narrow('touch', listed.nativeKey, listed.fingerprint, rows, bytes);
}

/** A table whose estimates moved and nothing else. */
export function statisticsOfTable(listed: Listed): StagedRow {
  return narrow('statistics', listed.nativeKey, null, listed.rows, listed.bytes);
}

/** An object that the catalog knows and the listing did not show. */
export function missingObject(nativeKey: string): StagedRow {
  return narrow('missing', nativeKey, null, undefined, undefined);
}

/** A database or schema as a connector describes it. */
export interface Described {
  owner?: string;
  comment?: string;
  properties?: Record<string, string>;
}

/** The database itself; its fingerprint is its content hash, since describing it is all there is to read. */
export function upsertOfDatabase(place: DatabasePlace, described: Described): StagedRow {
  const guid = guidOf({ ...place, kind: 'database' });
  return upsertOfContainer('database', DATABASE_KEY, guid, null, place.database, described);
}

export function upsertOfSchema(place: DatabasePlace, schema: Described & { key: string; name: string }): StagedRow {
  const name = storable(schema.name);
  const guid = guidOf({ ...place, kind: 'schema', schema: name });
  return upsertOfContainer('schema', schemaKey(schema.key), guid, name, name, schema);
}

function upsertOfContainer(
  kind: 'database' | 'schema',
  nativeKey: string,
  guid: string,
  schemaName: string | null,
  name: string,
  described: Described,
): StagedRow {
  const { owner, comment, properties } = storable(described);
  const type = kind.toUpperCase();
  const names = Object.keys(properties ?? {}).sort();
  const structure = JSON.stringify({ properties: Object.fromEntries(names.map((key) => [key, properties?.[key]])) });
  const hash = hashOf([type, name, owner ?? null, comment ?? null, structure]);
  return [
    'upsert',
    kind,
    nativeKey,
    guid,
    type,
    schemaName,
    name,
    owner,
    comment,
    structure,
    0,
    null,
    hash.toString('hex'),
    hash,
    hash,
    null,
    null,
    null,
  ];
}

const OP = STAGED_COLUMNS.indexOf('op');
const KEY = STAGED_COLUMNS.indexOf('native_key');
const FINGERPRINT = STAGED_COLUMNS.indexOf('fingerprint');

export const opOfRow = (row: StagedRow): string => String(row[OP]);
export const keyOfRow = (row: StagedRow): string => String(row[KEY]);
export const fingerprintOfRow = (row: StagedRow): string => String(row[FINGERPRINT]);

function narrow(
  op: 'touch' | 'statistics' | 'missing',
  nativeKey: string,
  fingerprint: string | null,
  rows: number | undefined,
  bytes: number | undefined,
): StagedRow {
  const kind = kindOfKey(nativeKey);
  const empty = Array(9).fill(null);
  return [op, kind, nativeKey, ...empty, fingerprint, null, null, null, whole(rows), whole(bytes)];
}

/** Estimates as the listing gave them, so that the next listing is compared with its like. */
function statisticsOf(table: SourceTable, listed: Listed) {
  return { rows: listed.rows ?? table.rows, bytes: listed.bytes ?? table.bytes };
}

/** Sources estimate in fractions and, where they have not counted yet, below zero; the catalog keeps whole counts. */
function whole(estimate: number | undefined): number | null {
  return estimate === undefined || !Number.isFinite(estimate) || estimate < 0 ? null : Math.round(estimate);
}
