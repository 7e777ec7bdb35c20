import { lastReading } from '../catalog/collect/last-reading.js';
import { schemaKey, sourceKeyOfTable, tableKey } from '../catalog/collect/native-key.js';
import { keysAreTrusted, openReceipt, type Receipt } from '../catalog/collect/receipt.js';
import { blockedBy } from '../catalog/collect/removals.js';
import { missingObject, type StagedRow, upsertOfSchema } from '../catalog/collect/staged-row.js';
import { stageEnd } from '../catalog/collect/staging.js';
import { RefreshNeedsCrawl } from '../catalog/refresh/errors.js';
import {
  type FoundTable,
  knownKeys,
  type NamedTable,
  namedTables,
  noteFound,
} from '../catalog/refresh/named-tables.js';
import { recordProblems } from '../catalog/runs/problems.js';
import type { DatabaseDescription, FoundObject } from '../connectors/contract.js';
import { type CollectionOfDatabase, changesOf, missed } from './collect-database.js';
import { readDigested } from './digest-page.js';

/** Stands for the fingerprint of what was read without a listing; none has it, so the next crawl reads it once more. */
const READ_BY_NAME = 'read by name';

/**
 * Reads the tables that a refresh names and stages what changed of them, as a crawl does, without a listing. One that is
 * neither under its name nor under its key is staged as missing, where the source can be taken at its word.
 * @throws RefreshNeedsCrawl
 */
export async function collectNamed(collection: CollectionOfDatabase): Promise<{ tables: number; changed: number }> {
  const { database, reader, claim, stager, log, signal } = collection;
  const named = await namedTables(database, stager.runId, claim.collectedDatabaseId);
  const { description, receipt } = await begin(collection);
  if (reader.find === undefined) throw new RefreshNeedsCrawl(claim.database, 'its connector looks for no names');
  const found = await reader.find(named.map(({ schema, name }) => ({ schema, name })));
  signal.throwIfAborted();
  const sorted = named.map((table) => ({ table, found: found.filter((object) => isCalled(object, table)) }));
  const keys = [
    ...new Set(
      sorted.flatMap(({ table, found: [object, ...others] }) => [
        ...(object === undefined || others.length > 0 ? [] : [object.key]),
        ...(table.knownKey === null ? [] : [sourceKeyOfTable(table.knownKey)]),
      ]),
    ),
  ];
  const listed = keys.map((key) => ({
    nativeKey: tableKey(key),
    fingerprint: READ_BY_NAME,
    rows: undefined,
    bytes: undefined,
    known: true,
  }));
  const page = await readDigested(reader, claim, listed);
  signal.throwIfAborted();
  const { upserts } = await changesOf(collection, page, true);
  const schemas = await newSchemas(collection, description, page.tables);
  const gone = new Set(page.gone.map(tableKey));
  const read = new Set(page.tables.map(({ nativeKey }) => nativeKey));
  const told = sorted.map(({ table, found: objects }) => tell(table, objects, read, gone, receipt));
  // One that was made anew has another key: the old one is missing, so that the new object takes its entity over.
  const replaced = sorted.flatMap(({ table: { knownKey }, found: [object] }) =>
    object !== undefined && knownKey !== null && gone.has(knownKey) ? [knownKey] : [],
  );
  const dropped = told.flatMap((one) => (one.missing === true && one.nativeKey !== undefined ? [one.nativeKey] : []));
  const missing = [...new Set([...replaced, ...dropped])];
  receipt.tables = page.tables.length;
  receipt.unlistedSchemas = [];
  receipt.queries = reader.queries();
  await noteFound(database, told);
  await recordProblems(database, stager.runId, stager.unit, page.problems.map(missed));
  await stageEnd(database, stager, { rows: schemas, tables: upserts, missing: missing.map(missingObject), receipt });
  log.info('read', `Read ${receipt.tables} of ${named.length} named tables, ${upserts.length} of them changed`, {
    missing: missing.length,
    queries: receipt.queries,
  });
  return { tables: receipt.tables, changed: upserts.length };
}

async function begin({
  database,
  reader,
  claim,
}: CollectionOfDatabase): Promise<{ description: DatabaseDescription; receipt: Receipt }> {
  const last = await lastReading(database, claim.collectedDatabaseId);
  if (last.server === null) throw new RefreshNeedsCrawl(claim.database, 'it was never collected');
  const description = await reader.describe();
  const receipt: Receipt = {
    ...openReceipt({
      identity: reader.identity,
      description,
      position: last.position === null ? undefined : await reader.position?.(),
      last,
      fullRead: false,
    }),
    complete: false,
    named: true,
  };
  if (!keysAreTrusted(receipt))
    throw new RefreshNeedsCrawl(claim.database, 'the server or database is another one than was collected last time');
  return { description, receipt };
}

const isCalled = (object: FoundObject, { schema, name }: NamedTable): boolean =>
  object.name === name && (schema === null || object.schema === schema);

/** What can be said of a named table before it is published. */
function tell(
  { refreshId, place, schema, name, knownKey }: NamedTable,
  found: readonly FoundObject[],
  read: ReadonlySet<string>,
  gone: ReadonlySet<string>,
  receipt: Receipt,
): FoundTable {
  const of = { refreshId, place };
  const [object] = found;
  if (found.length > 1 && knownKey === null) {
    const candidates = found.map((candidate) => `${candidate.schema ?? ''}.${candidate.name}`).sort();
    return {
      ...of,
      outcome: 'ambiguous',
      detail: { message: `The source has ${found.length} of that name`, candidates },
    };
  }
  const nativeKey = object === undefined ? knownKey : tableKey(object.key);
  if (nativeKey !== null && read.has(nativeKey)) return { ...of, nativeKey };
  const doubt = doubtOf(receipt, schema);
  if (nativeKey === null) {
    const message = doubt?.message ?? `The source has no table ${name}${schema === null ? '' : ` in ${schema}`}`;
    return {
      ...of,
      outcome: 'not-found',
      detail: { message, remedy: doubt?.remedy ?? 'Check the spelling; upper and lower case can differ.' },
    };
  }
  if (gone.has(nativeKey) && doubt === undefined) return { ...of, nativeKey, missing: true };
  const unread = {
    message: 'It could not be read this time; what the map has of it stays',
    remedy: 'See the problems of the run.',
  };
  return { ...of, nativeKey, outcome: 'not-proved', detail: gone.has(nativeKey) ? (doubt ?? unread) : unread };
}

/** Why what the source does not show may be there all the same. */
function doubtOf(receipt: Receipt, schema: string | null): { message: string; remedy: string } | undefined {
  const cause = blockedBy(receipt) ?? receipt.unlistedSchemas.find((unlisted) => unlisted.schema === schema);
  if (cause !== undefined) return { message: `The source does not show it, but ${cause.reason}`, remedy: cause.remedy };
  if (receipt.accountChanged === undefined && receipt.privilegesChanged === undefined) return undefined;
  return {
    message: 'The source does not show it, but the account or what it may see is not what it was at the last crawl',
    remedy: 'Run the crawler: it asks a person where that is in doubt.',
  };
}

/** Schemas of what was read that the map does not have yet. */
async function newSchemas(
  { database, claim }: CollectionOfDatabase,
  { schemas }: DatabaseDescription,
  tables: readonly { schema: string | null }[],
): Promise<StagedRow[]> {
  const wanted = new Set(tables.map(({ schema }) => schema));
  const needed = schemas.filter(({ name }) => wanted.has(name));
  const known = await knownKeys(
    database,
    claim.collectedDatabaseId,
    needed.map(({ key }) => schemaKey(key)),
  );
  return needed.filter(({ key }) => !known.has(schemaKey(key))).map((schema) => upsertOfSchema(claim, schema));
}
