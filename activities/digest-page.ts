import { canonicalTable } from '../catalog/collect/canonical.js';
import type { ObjectToRead } from '../catalog/collect/listing-diff.js';
import { sourceKeyOfTable, tableKey } from '../catalog/collect/native-key.js';
import { type DatabasePlace, touchOfTable, upsertOfTable } from '../catalog/collect/staged-row.js';
import { StagedRows } from '../catalog/collect/staged-rows.js';
import { guidsOfTables } from '../catalog/model/guid.js';
import { columnCount } from '../catalog/model/structure-text.js';
import type { SourceTable } from '../catalog/model/table.js';
import type { DatabaseReader, KeepTable, ObjectProblem, ReadPage } from '../connectors/contract.js';
import type { PageWidth } from './read-ahead.js';

/** Of a table that was read its hash, and what it may be staged as. */
export interface DigestedTable {
  nativeKey: string;
  fingerprint: string;
  hash: string;
  schema: string | null;
  columns: number;
  upsert: Buffer;
  /** Of a table that the catalog knew. */
  touch?: Buffer;
}

/** What is kept of a page that was read. */
export interface DigestedPage {
  readKeys: string[];
  /** Of those the keys that the catalog knew. */
  knownKeys: string[];
  tables: DigestedTable[];
  problems: ObjectProblem[];
  gone: string[];
  width: PageWidth;
}

/** Stands for the fingerprint of what was not read whole; no listing has it, so that each run reads it until it is. */
const READ_IN_PART = 'read in part';

/**
 * Reads a page and makes of each table, as it arrives, the bytes that it may be staged as. Nothing of it is left for the
 * garbage collector to carry from one generation to the next: bytes are not on its heap.
 * @param options.unread whether the objects were listed as what was never read
 */
export async function readDigested(
  reader: Pick<DatabaseReader, 'read' | 'readEach'>,
  place: DatabasePlace,
  listed: readonly ObjectToRead[],
  { unread = false }: { unread?: boolean } = {},
): Promise<DigestedPage> {
  const byKey = new Map(listed.map((object) => [object.nativeKey, object]));
  const rows = new StagedRows();
  const guidOf = guidsOfTables(place);
  const keep: KeepTable<DigestedTable | undefined> = (table, inPart) => {
    const object = byKey.get(tableKey(table.key));
    if (object === undefined) return undefined;
    const fingerprint = inPart ? READ_IN_PART : `${unread ? table.fingerprint : ''}${object.fingerprint}`;
    return digest(guidOf, { ...object, fingerprint }, table, rows);
  };
  const keys = listed.map(({ nativeKey }) => sourceKeyOfTable(nativeKey));
  const page = await (reader.readEach === undefined ? readWhole(reader, keys, keep) : reader.readEach(keys, keep));
  const tables = page.tables.filter((table) => table !== undefined);
  return {
    readKeys: listed.map(({ nativeKey }) => nativeKey),
    knownKeys: listed.filter(({ known }) => known).map(({ nativeKey }) => nativeKey),
    tables,
    problems: page.problems,
    gone: page.gone,
    width: { tables: tables.length, columns: tables.reduce((sum, { columns }) => sum + columns, 0) },
  };
}

/** Of a source that delivers whole pages. */
async function readWhole<Kept>(
  reader: Pick<DatabaseReader, 'read'>,
  keys: readonly string[],
  keep: KeepTable<Kept>,
): Promise<ReadPage<Kept>> {
  const page = await reader.read(keys);
  const inPart = new Set(page.problems.map(nameOf));
  return { ...page, tables: page.tables.map((table) => keep(table, inPart.has(nameOf(table)))) };
}

const nameOf = ({ schema, name }: { schema: string | null; name: string }): string => JSON.stringify([schema, name]);

function digest(
  guidOf: ReturnType<typeof guidsOfTables>,
  object: ObjectToRead,
  source: SourceTable,
  rows: StagedRows,
): DigestedTable {
  const canonical = canonicalTable(source);
  return {
    nativeKey: object.nativeKey,
    fingerprint: object.fingerprint,
    hash: canonical.hash.toString('hex'),
    schema: source.schema,
    columns: columnCount(source),
    upsert: rows.add(upsertOfTable(guidOf(canonical.table.schema, canonical.table.name), object, canonical)),
    ...(object.known ? { touch: rows.add(touchOfTable(object, source)) } : {}),
  };
}
