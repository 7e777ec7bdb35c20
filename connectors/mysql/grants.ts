import { createHash } from 'node:crypto';
import { grantee, grantPattern } from './errors.js';

/** What SHOW GRANTS says of one database, as far as it decides what information_schema shows. */
export interface Visibility {
  /** Every table, view and column of the database is shown. */
  complete: boolean;
  /** View texts and the rules of foreign keys are shown too. */
  viewTexts: boolean;
  reason: string;
  /** The exact statement that mends what is missing. */
  remedy: string;
}

interface Grant {
  privileges: Set<string>;
  scope: 'global' | 'database' | 'other';
  /** Pattern of a database's name for scope `database`, the name itself for `other`. */
  pattern: string;
  /** What of the database, e.g. a table; `*` for all. */
  object: string;
  grantee: string;
  revoked: boolean;
}

/**
 * Privileges on tables. One of them on the whole database makes each of its tables appear in information_schema;
 * EXECUTE, LOCK TABLES or EVENT do not. (TABLE_ACLS in the servers' sources, and tried on MariaDB 10.11.)
 */
const TABLE_PRIVILEGES = [
  'ALL PRIVILEGES',
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'DROP',
  'REFERENCES',
  'INDEX',
  'ALTER',
  'CREATE VIEW',
  'SHOW VIEW',
  'TRIGGER',
  'DELETE HISTORY',
  'DELETE VERSIONING ROWS',
];

/**
 * Proves, or fails to prove, that an account sees everything of a database: information_schema hides what is not
 * granted, so that a revoked grant looks like a drop. A grant on single tables proves nothing.
 *
 * A server uses the most specific database-level grant of an account and not their sum, so every matching one has to
 * suffice; a global one stands above them, unless MySQL's partial revokes (REVOKE ... ON `db`.*) take from it, or a
 * DENY of MariaDB does.
 *
 * @param lines of SHOW GRANTS, with sql_mode empty. Roles' grants that count now are among them.
 */
export function visibilityOf(
  lines: readonly string[],
  database: string,
  account: string,
  { partialRevokes, foldsCase }: { partialRevokes: boolean; foldsCase: boolean },
): Visibility {
  const grants = lines.map(parseGrant).filter((grant) => grant !== undefined);
  const matches = ({ pattern }: Grant) => matchesPattern(pattern, database, { literal: partialRevokes, foldsCase });
  const global = grants.filter(({ scope, revoked }) => scope === 'global' && !revoked);
  const local = grants.filter((grant) => grant.scope === 'database' && matches(grant));
  const revoked = local.some((grant) => grant.revoked);
  const holds = (privileges: readonly string[]) => {
    const has = (grant: Grant) => privileges.some((privilege) => grant.privileges.has(privilege));
    if (!revoked && global.some(has)) return true;
    const granting = local.filter((grant) => !grant.revoked);
    return [...new Set(granting.map((grant) => grant.grantee))].some((who) =>
      granting.filter((grant) => grant.grantee === who).every(has),
    );
  };
  const complete = !grants.some((grant) => grant.privileges.has('DENY')) && holds(TABLE_PRIVILEGES);
  // Rules of foreign keys take any of them but SELECT; SHOW VIEW serves both.
  const viewTexts = complete && holds(['ALL PRIVILEGES', 'SHOW VIEW']);
  return {
    complete,
    viewTexts,
    reason: complete
      ? `${account} sees everything in ${database}${viewTexts ? '' : ' but view texts'}`
      : `${account} has no privilege on the whole of ${database}, so objects without a grant of their own stay hidden`,
    remedy: grantStatement(database, account),
  };
}

/**
 * A digest of the grants that bear on a database: another one means that the account may see more or less of it than
 * before. A password, which MariaDB prints along, is not part of it.
 * @param lines as for `visibilityOf`
 */
export function privilegesDigest(
  lines: readonly string[],
  database: string,
  { partialRevokes, foldsCase }: { partialRevokes: boolean; foldsCase: boolean },
): string {
  const bearing = lines
    .map(parseGrant)
    .filter((grant) => grant !== undefined)
    .filter(
      ({ scope, pattern }) =>
        scope === 'global' ||
        matchesPattern(pattern, database, { literal: partialRevokes || scope === 'other', foldsCase }),
    )
    .map(({ privileges, pattern, object, grantee, revoked }) =>
      JSON.stringify([revoked, [...privileges].sort(), pattern, object, grantee]),
    )
    .sort();
  return createHash('sha256').update(bearing.join('\n')).digest('hex');
}

/** The least that a crawl needs. SHOW VIEW gives view texts, and on MariaDB the rules of foreign keys. */
export function grantStatement(database: string, account: string): string {
  return `GRANT SELECT, SHOW VIEW ON ${grantPattern(database)}.* TO ${grantee(account)};`;
}

/** Names in grants are in backticks; MariaDB prints `DENY` lines where it knows DENY. */
function parseGrant(line: string): Grant | undefined {
  const match =
    /^(GRANT|REVOKE|DENY) (.+?) ON (\*|`(?:[^`]|``)+`)\.(\*|`(?:[^`]|``)+`) (?:TO|FROM) (.+?)(?: IDENTIFIED | REQUIRE | WITH |$)/s.exec(
      line,
    );
  if (match === null) return undefined;
  const [, verb, privileges, database, object, to] = match;
  if (verb === undefined || privileges === undefined || database === undefined || to === undefined) return undefined;
  const scope = object !== '*' ? 'other' : database === '*' ? 'global' : 'database';
  return {
    privileges: new Set(verb === 'DENY' ? ['DENY'] : privileges.split(/, (?![^(]*\))/)),
    scope,
    pattern: scope === 'global' ? '' : database.slice(1, -1).replaceAll('``', '`'),
    object: object ?? '*',
    grantee: to,
    revoked: verb === 'REVOKE',
  };
}

/** `%` and `_` are wildcards unless escaped; with partial_revokes on they are plain characters. */
function matchesPattern(
  pattern: string,
  database: string,
  { literal, foldsCase }: { literal: boolean; foldsCase: boolean },
): boolean {
  const expression = literal
    ? escaped(pattern)
    : pattern.replace(/\\(.)|([%_])|([\s\S])/gu, (_, escapedCharacter, wildcard, plain) => {
        if (wildcard === '%') return '[\\s\\S]*';
        if (wildcard === '_') return '[\\s\\S]';
        return escaped(escapedCharacter ?? plain);
      });
  return new RegExp(`^${expression}$`, foldsCase ? 'iu' : 'u').test(database);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
