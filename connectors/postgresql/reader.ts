import type {
  DatabaseDescription,
  DatabaseReader,
  KeepTable,
  ObjectHead,
  ObjectProblem,
  ReadPage,
  SchemaInfo,
} from '../contract.js';
import { DESCRIBE, type DescribeRow, type SchemaRow } from './describe-query.js';
import { StatementError } from './errors.js';
import { findObjects } from './find-objects.js';
import { LIST, LIST_UNREAD, type ListRow } from './list-query.js';
import { readQueryHistory } from './query-history.js';
import { quoteIdentifier } from './quote-identifier.js';
import { type ReadRow, readQuery, readRow } from './read-query.js';
import type { Session } from './session.js';
import { HISTORY_POSITION } from './session-queries.js';
import { estimates, toSourceTable } from './source-table.js';

/** Keys of one reading. Beyond this the server's longest statement and the worker's memory grow for no gain. */
const PAGE_SIZE = 1_000;
const LIST_BATCH = 1_000;
const LOCK_PATIENCE = {
  short: `SELECT set_config('lock_timeout', '250ms', false)`,
  full: `SELECT set_config('lock_timeout', '5s', false)`,
};
const READ = readQuery({ texts: true });
const READ_WITHOUT_TEXTS = readQuery({ texts: false });

/** Reads one database through a session that it owns. */
export function createReader(session: Session): DatabaseReader {
  let schemas: readonly SchemaRow[] | undefined;

  async function describe(): Promise<DatabaseDescription> {
    const [row] = await session.query<DescribeRow>(DESCRIBE);
    if (row === undefined) throw new Error('The open database is not in pg_database');
    const { owner, comment, encoding, collation } = row;
    schemas = row.schemas ?? [];
    return {
      identity: row.identity,
      owner,
      ...(comment === null ? {} : { comment }),
      properties: { encoding, collation, characterClasses: row.character_classes },
      schemas: schemas.map((schema) => toSchema(schema, session.identity.user)),
    };
  }

  /**
   * Lists the schemas that `describe` found usable, by oid and whatever happens to their privileges meanwhile: what it
   * called listed is listed. One created since waits for the next time.
   */
  async function* list(statement: string): AsyncGenerator<ObjectHead[], void> {
    if (schemas === undefined) await describe();
    const usable = (schemas ?? []).flatMap(([oid, , , , isUsable]) => (isUsable ? [oid] : []));
    for await (const rows of session.stream<ListRow>(statement, [usable], LIST_BATCH))
      yield rows.map(({ key, schema, fingerprint, rows: count, bytes }) => ({
        key,
        schema,
        fingerprint,
        ...estimates(count, bytes, session.versionNumber),
      }));
  }

  async function readEach<Kept>(keys: readonly string[], keep: KeepTable<Kept>): Promise<ReadPage<Kept>> {
    if (keys.length > PAGE_SIZE) throw new RangeError(`At most ${PAGE_SIZE} objects can be read at once`);
    const page: ReadPage<Kept> = { tables: [], problems: [], gone: [] };
    if (keys.length === 0) return page;
    await readInto(page, keys, keep);
    if (page.problems.some(({ code }) => code === 'OBJECT_LOCKED')) await session.query(LOCK_PATIENCE.full);
    return page;
  }

  /**
   * Prints of stored expressions can fail for one object (a view over something broken, a table that someone holds
   * locked) and take the whole statement with them. Halving finds the object; the others are delivered complete.
   */
  async function readInto<Kept>(page: ReadPage<Kept>, keys: readonly string[], keep: KeepTable<Kept>): Promise<void> {
    try {
      deliver(page, keys, await readRows(READ, keys, (row) => keep(tableOf(row), false)));
    } catch (error) {
      if (!isOfAnObject(error)) throw error;
      // Waiting the full time again for each half would take a minute to find one locked table.
      if (isLocked(error)) await session.query(LOCK_PATIENCE.short);
      if (keys.length === 1) return readAround(page, keys, keep, error);
      const middle = Math.ceil(keys.length / 2);
      await readInto(page, keys.slice(0, middle), keep);
      await readInto(page, keys.slice(middle), keep);
    }
  }

  /** One object without its texts. A locked one is only named: what is known of it must not be taken for outdated. */
  async function readAround<Kept>(
    page: ReadPage<Kept>,
    keys: readonly string[],
    keep: KeepTable<Kept>,
    cause: StatementError,
  ): Promise<void> {
    const found = await readRows(READ_WITHOUT_TEXTS, keys, (row) => {
      page.problems.push(problemOf(row, cause));
      return keep(tableOf(row), true);
    });
    if (found.size === 0 || !isLocked(cause)) deliver(page, keys, found);
  }

  /** By key, in their order, what is made of each row as it arrives. */
  async function readRows<Made>(
    statement: string,
    keys: readonly string[],
    make: (row: ReadRow) => Made,
  ): Promise<Map<string, Made>> {
    const made = new Map<string, Made>();
    await session.eachRow(statement, [keys.map(Number)], (bytes) => {
      const row = readRow(bytes);
      made.set(row.key, make(row));
    });
    return made;
  }

  const tableOf = (row: ReadRow) => toSourceTable(row, session.versionNumber);

  function deliver<Kept>(page: ReadPage<Kept>, keys: readonly string[], found: ReadonlyMap<string, Kept>): void {
    page.gone.push(...keys.filter((key) => !found.has(key)));
    page.tables.push(...found.values());
  }

  /** Servers that only speak as PostgreSQL keep a log of their own kind, and refuse to say where it is. */
  async function position(): Promise<{ at: string; follows: boolean } | undefined> {
    try {
      const [row] = await session.query<{ at: string | null; follows: boolean }>(HISTORY_POSITION);
      return row === undefined || row.at === null ? undefined : { at: row.at, follows: row.follows };
    } catch (error) {
      if (error instanceof StatementError && error.sqlState !== undefined && isOfAnObject(error)) return undefined;
      throw error;
    }
  }

  return {
    identity: session.identity,
    describe,
    position,
    list: () => list(LIST),
    listUnread: () => list(LIST_UNREAD),
    find: (names) => findObjects(session, names),
    read: (keys) => readEach(keys, (table) => table),
    readEach,
    history: () => readQueryHistory(session),
    queries: session.queries,
    close: session.close,
  };
}

function toSchema([oid, name, owner, comment, usable]: SchemaRow, user: string): SchemaInfo {
  return {
    key: oid.padStart(10, '0'),
    name,
    owner,
    ...(comment === null ? {} : { comment }),
    ...(usable
      ? {}
      : {
          unlisted: {
            code: 'PERMISSION_DENIED',
            reason: `“${user}” may not use the schema “${name}”`,
            remedy: `Let its owner run: GRANT USAGE ON SCHEMA ${quoteIdentifier(name)} TO ${quoteIdentifier(user)}`,
          },
        }),
  };
}

/** True for errors that another page would not have: not those of the connection, of resources, or of a timeout. */
function isOfAnObject(error: unknown): error is StatementError {
  return error instanceof StatementError && error.sqlState !== undefined && !/^(08|53|57)/.test(error.sqlState);
}

function isLocked({ sqlState }: StatementError): boolean {
  return sqlState === '55P03';
}

function problemOf({ schema, name, kind }: ReadRow, cause: StatementError): ObjectProblem {
  if (isLocked(cause))
    return {
      schema,
      name,
      code: 'OBJECT_LOCKED',
      message: `${schema}.${name} was locked by someone for too long to read it`,
      remedy:
        'What is known of it stays as it is; the next crawl reads it. Crawl at a time without long ALTER TABLE or VACUUM FULL',
    };
  const isView = kind === 'v' || kind === 'm';
  return {
    schema,
    name,
    code: isView ? 'VIEW_UNREADABLE' : 'DEFINITION_UNREADABLE',
    message: `The server cannot print the ${isView ? 'text' : 'defaults and indexes'} of ${schema}.${name}. ${cause.message}`,
    remedy: 'Something it refers to is damaged: create it anew',
  };
}
