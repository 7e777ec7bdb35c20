import { setTimeout as delay } from 'node:timers/promises';
import type { SourceTable } from '../../catalog/model/table.js';
import { ConnectorError, type ObjectProblem, type ReadPage } from '../contract.js';
import { assembleTable, type Details } from './assemble-table.js';
import {
  columnsOf,
  FOREIGN_KEY_COLUMNS,
  FOREIGN_KEY_RULES,
  indexesOf,
  PARTITIONS,
  readStatement,
  type Section,
  VIEWS,
} from './catalogue-queries.js';
import { columnOf } from './column.js';
import { metContention } from './contention.js';
import { grantStatement } from './grants.js';
import { type ObjectRow, readObjects, text } from './objects.js';
import type { Row, Session } from './session.js';

const ATTEMPTS = 3;
/** Milliseconds between them: long enough for the last moment of an ALTER. */
const PAUSE = 250;

/**
 * Reads objects by name in one statement a section, whatever their number. Sections that nothing of the page has
 * (partitions, views, rules of foreign keys) are not asked for.
 *
 * A table that is being altered is not delivered: half of it would look like a change. Its problem says so, and what
 * the map has of it stays. When locks come and go too fast to tell which table was hidden, the page is read again.
 */
export async function readPage(session: Session, database: string, names: readonly string[]): Promise<ReadPage> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const page = await tryPage(session, database, names);
    if (page !== undefined) return page;
    await delay(PAUSE);
  }
  throw new ConnectorError(
    'STATEMENT_TIMEOUT',
    `Tables of ${database} are being altered, so that the server hides some of them`,
    'Run the crawler when the ALTER statements are through; it will be tried again',
  );
}

async function tryPage(session: Session, database: string, names: readonly string[]): Promise<ReadPage | undefined> {
  const objects = await readObjects(session, database, names);
  const problems: ObjectProblem[] = [];
  const readable: ObjectRow[] = [];
  for (const object of objects.values()) {
    const problem = problemOf(object);
    if (problem !== undefined) problems.push(problem);
    if (problem === undefined || (object.kind === 'view' && object.unreadable?.busy !== true)) readable.push(object);
  }
  const details = await readDetails(session, database, readable);
  if (details === undefined) return undefined;
  const tables: SourceTable[] = [];
  const suspects: string[] = [];
  for (const object of readable) {
    const { table, hidden } = assembleTable(object, details, database);
    // Dropped, or locked for good, since its row was read: a table has at least one column.
    if (object.kind === 'table' && table.structure.columns.length === 0) suspects.push(object.name);
    else tables.push(table);
    for (const what of hidden) problems.push(hiddenProblem(session, database, object.name, what));
  }
  const still = await readObjects(session, database, suspects);
  for (const name of still.keys()) problems.push(busyProblem(name));
  return {
    tables,
    problems,
    gone: names.filter((name) => !objects.has(name) || (suspects.includes(name) && !still.has(name))),
  };
}

/** Undefined when a lock hid rows of a table that cannot be named. */
async function readDetails(
  session: Session,
  database: string,
  objects: readonly ObjectRow[],
): Promise<Details | undefined> {
  const { flavour } = session;
  const details: Details = {
    columns: new Map(),
    indexes: new Map(),
    foreignKeys: new Map(),
    rules: new Map(),
    partitions: new Map(),
    views: new Map(),
  };
  const namesOf = (chosen: readonly ObjectRow[]) => chosen.map(({ name }) => name);
  const every = namesOf(objects);
  const collect = async (section: Section, names: readonly string[], into: Map<string, Row[]>) => {
    if (names.length === 0) return true;
    await session.eachRow(readStatement(section), [database, names], (row) => push(into, text(row[0]) ?? '', row));
    return !(await metContention(session));
  };
  const settled =
    (await readColumns()) &&
    (await collect(indexesOf(flavour), namesOf(objects.filter(({ kind }) => kind === 'table')), details.indexes)) &&
    (await collect(
      FOREIGN_KEY_COLUMNS,
      namesOf(objects.filter(({ kind }) => kind === 'table')),
      details.foreignKeys,
    )) &&
    (await collect(FOREIGN_KEY_RULES, [...details.foreignKeys.keys()], details.rules)) &&
    (await collect(
      PARTITIONS,
      namesOf(objects.filter(({ mayBePartitioned }) => mayBePartitioned)),
      details.partitions,
    )) &&
    (await collect(VIEWS, namesOf(objects.filter(({ kind }) => kind === 'view')), details.views));
  return settled ? details : undefined;

  /** Columns are most of a page: each is made as its row arrives, and the rows are not kept. */
  async function readColumns(): Promise<boolean> {
    if (every.length === 0) return true;
    await session.eachRow(readStatement(columnsOf(flavour)), [database, every], (row) => {
      const name = text(row[0]) ?? '';
      push(details.columns, name, columnOf(row, (details.columns.get(name)?.length ?? 0) + 1, flavour));
    });
    return !(await metContention(session));
  }
}

function push<T>(groups: Map<string, T[]>, name: string, item: T): void {
  const group = groups.get(name);
  if (group === undefined) groups.set(name, [item]);
  else group.push(item);
}

function problemOf({ name, kind, unreadable }: ObjectRow): ObjectProblem | undefined {
  if (unreadable === undefined) return undefined;
  if (unreadable.busy) return busyProblem(name);
  if (kind === 'view')
    return {
      schema: null,
      name,
      code: 'BROKEN_VIEW',
      message: unreadable.message,
      remedy:
        'Create what it selects from, or its definer, again; or drop the view. Its columns are unknown until then',
    };
  return {
    schema: null,
    name,
    code: 'TABLE_UNREADABLE',
    message: unreadable.message,
    remedy: 'Repair or drop the table at the source; what is on the map of it stays as it is',
  };
}

function busyProblem(name: string): ObjectProblem {
  return {
    schema: null,
    name,
    code: 'TABLE_BUSY',
    message: `${name} is being altered`,
    remedy: 'Nothing to do: the next run reads it; what is on the map of it stays as it is until then',
  };
}

function hiddenProblem(
  session: Session,
  database: string,
  name: string,
  what: 'view text' | 'foreign key rules',
): ObjectProblem {
  const account = session.identity.user;
  return {
    schema: null,
    name,
    code: what === 'view text' ? 'VIEW_TEXT_NOT_VISIBLE' : 'FOREIGN_KEY_RULES_NOT_VISIBLE',
    message: `${account} may not see the ${what === 'view text' ? 'text of the view' : 'rules of the foreign keys of'} ${name}`,
    remedy: grantStatement(database, account),
  };
}
