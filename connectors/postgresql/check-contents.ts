import { checkStep, type StepResult } from '../check-step.js';
import { type CheckOptions, type CheckStep, ConnectorError, type DatabaseInfo } from '../contract.js';
import { readDatabases } from './databases.js';
import { quoteIdentifier } from './quote-identifier.js';
import { createReader } from './reader.js';
import type { Session } from './session.js';

/** Objects that the test reads in full. */
const SAMPLE = 10;

/**
 * The steps of a connection test that look into an open server: `list_databases`, `check_privileges`, `read_sample`.
 * `session` is of the data source's `own` database; others are opened one after the other.
 */
export async function* inspect(
  session: Session,
  own: string,
  open: (database: string) => Promise<Session>,
  options: CheckOptions,
): AsyncGenerator<CheckStep, void> {
  const scope = options.databases === undefined || options.databases.length === 0 ? [own] : options.databases;
  const inDatabase = async <T>(database: string, look: (opened: Session) => Promise<T>): Promise<T> => {
    if (database === own) return look(session);
    const opened = await open(database);
    try {
      return await look(opened);
    } finally {
      await opened.close();
    }
  };
  const listed = yield* checkStep('list_databases', options, async () => {
    const databases = await readDatabases(session);
    for (const database of scope) requireUsable(database, databases, session.identity.user);
    return {
      value: databases,
      message: counted(databases.length, 'database'),
      detail: { databases: databases.length },
    };
  });
  if (listed === undefined) return;
  const privileges = yield* checkStep('check_privileges', options, async () => {
    const missing: { reason: string; remedy: string }[] = [];
    for (const database of scope) missing.push(...(await inDatabase(database, unusableSchemas)));
    return judged(missing);
  });
  if (privileges === undefined) return;
  yield* checkStep('read_sample', options, async () => {
    const [database = own] = scope;
    const tables = await inDatabase(database, readSample);
    return {
      value: true,
      message: tables === 0 ? `“${database}” has no tables yet` : `Read ${counted(tables, 'table')} of “${database}”`,
      detail: { tables },
    };
  });
}

/** Throws ConnectorError `UNKNOWN_DATABASE` or `PERMISSION_DENIED`. */
function requireUsable(database: string, databases: readonly DatabaseInfo[], user: string): void {
  const found = databases.find(({ name }) => name === database);
  if (found === undefined)
    throw new ConnectorError(
      'UNKNOWN_DATABASE',
      `The server has no database named “${database}”`,
      `It has ${databases
        .map(({ name }) => name)
        .slice(0, 20)
        .join(', ')}. Upper and lower case differ`,
    );
  if (found.unavailable !== undefined)
    throw new ConnectorError(
      'PERMISSION_DENIED',
      `“${user}” may not connect to the database “${database}”`,
      `Let an administrator run: GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)}`,
    );
}

async function unusableSchemas(session: Session): Promise<{ reason: string; remedy: string }[]> {
  const { schemas } = await createReader(session).describe();
  return schemas.flatMap(({ unlisted }) => (unlisted === undefined ? [] : [unlisted]));
}

function judged(missing: readonly { reason: string; remedy: string }[]): StepResult<true> {
  if (missing.length === 0) return { value: true, message: 'Every schema can be read' };
  return {
    value: true,
    message: missing.map(({ reason }) => reason).join('; '),
    warning: { code: 'PERMISSION_DENIED', remedy: missing.map(({ remedy }) => remedy).join('; ') },
  };
}

async function readSample(session: Session): Promise<number> {
  const reader = createReader(session);
  const keys: string[] = [];
  for await (const heads of reader.list()) {
    keys.push(...heads.slice(0, SAMPLE).map(({ key }) => key));
    break;
  }
  return (await reader.read(keys)).tables.length;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
