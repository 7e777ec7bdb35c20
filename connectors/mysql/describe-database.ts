import { ConnectorError, type DatabaseDescription, type DatabaseInfo } from '../contract.js';
import { CURRENT_ROLES, DATABASE, DATABASES, GRANTS } from './catalogue-queries.js';
import { privilegesDigest, type Visibility, visibilityOf } from './grants.js';
import { text } from './objects.js';
import type { Session } from './session.js';

/** Databases of the server's own. */
const SYSTEM_DATABASES: ReadonlySet<string> = new Set(['information_schema', 'mysql', 'performance_schema', 'sys']);

/**
 * A database's own attributes, and whether its listing can be proved complete.
 * Throws `UNKNOWN_DATABASE` when it vanished or hides; it never counts as empty.
 */
export async function describeDatabase(session: Session, database: string): Promise<DatabaseDescription> {
  const [found] = (await session.rows(DATABASE, [database])).filter((row) => isNamed(session, text(row[0]), database));
  if (found === undefined) throw vanished(database);
  const [, charset, collation] = found.map(text);
  const grants = await readGrants(session);
  const visibility = visibilityIn(session, grants, database);
  return {
    privileges: privilegesDigest(grants, database, namingOf(session)),
    properties: {
      ...(charset === undefined ? {} : { characterSet: charset }),
      ...(collation === undefined ? {} : { collation }),
    },
    schemas: [],
    ...(visibility.complete
      ? {}
      : { incomplete: { code: 'PERMISSION_DENIED', reason: visibility.reason, remedy: visibility.remedy } }),
  };
}

/** The lines of SHOW GRANTS that count for this session. */
export async function readGrants(session: Session): Promise<string[]> {
  return (await session.rows(await grantsStatement(session))).map((row) => text(row[0]) ?? '');
}

/** What an account with these grants sees of a database. */
export function visibilityIn(session: Session, grants: readonly string[], database: string): Visibility {
  return visibilityOf(grants, database, session.identity.user, namingOf(session));
}

/** How the server reads names of databases in grants. */
function namingOf(session: Session): { partialRevokes: boolean; foldsCase: boolean } {
  return { partialRevokes: session.variable('partial_revokes') === 'ON', foldsCase: foldsCase(session) };
}

/** The databases that the account sees something of; a server shows no others. */
export async function listDatabases(session: Session): Promise<DatabaseInfo[]> {
  const rows = await session.rows(DATABASES);
  return rows.map((row) => {
    const name = text(row[0]) ?? '';
    return { name, ...(SYSTEM_DATABASES.has(name.toLowerCase()) ? { system: true } : {}) };
  });
}

/** The name as the server has it: servers that fold case answer to any spelling. */
export function isNamed(session: Session, name: string | undefined, wanted: string): boolean {
  return name === wanted || (foldsCase(session) && name?.toLowerCase() === wanted.toLowerCase());
}

export function vanished(database: string): ConnectorError {
  return new ConnectorError(
    'UNKNOWN_DATABASE',
    `There is no database named ${database}, or the account may not see it`,
    'Take it out of the scope if it was dropped; what is on the map of it stays until then',
  );
}

function foldsCase(session: Session): boolean {
  return session.variable('lower_case_table_names') !== '0';
}

/** MySQL 8 shows the privileges of active roles only when they are named; MariaDB adds those of the current one. */
async function grantsStatement(session: Session): Promise<string> {
  if (!session.flavour.hasDictionary) return GRANTS;
  const [row] = await session.rows(CURRENT_ROLES);
  const roles = text(row?.[0]) ?? 'NONE';
  return roles === 'NONE' ? GRANTS : `${GRANTS} FOR CURRENT_USER() USING ${roles}`;
}
