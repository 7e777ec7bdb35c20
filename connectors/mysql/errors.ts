import { ConnectorError, type ConnectorErrorCode } from '../contract.js';
import { networkFailure } from '../reach.js';
import type { MysqlConfig } from './spec.js';

/** What an error is explained with. Holds no secret. */
export interface ErrorPlace {
  config: Pick<MysqlConfig, 'host' | 'port' | 'user'>;
  /** The database that was being opened or read. */
  database?: string | undefined;
  workerAddresses?: readonly string[] | undefined;
}

type Explain = (place: ErrorPlace, text: string) => ConstructorParameters<typeof ConnectorError>;

/**
 * Server errors by their number, from the error references of MySQL 8.4
 * (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html) and MariaDB
 * (https://mariadb.com/kb/en/mariadb-error-code-reference/).
 */
const SERVER_ERRORS: Readonly<Record<number, Explain>> = {
  1040: tooMany,
  1203: tooMany,
  1226: tooMany,
  1044: ({ config, database }) => [
    'PERMISSION_DENIED',
    `${config.user} may not open database ${database ?? ''}, or there is none of that name`,
    `GRANT SELECT, SHOW VIEW ON ${grantPattern(database ?? '')}.* TO the account ${config.user}`,
  ],
  1045: badCredentials,
  1698: badCredentials,
  1820: expired,
  1862: expired,
  3118: locked,
  4151: locked,
  1049: ({ database }) => [
    'UNKNOWN_DATABASE',
    `There is no database named ${database ?? ''}`,
    'Take it out of the scope if it was dropped; what is on the map of it stays until then',
  ],
  1130: ({ config, workerAddresses }) => [
    'PERMISSION_DENIED',
    `${config.host} lets nobody in from this worker's address`,
    `Add ${addressesOf(workerAddresses)} to the server's allow-list, or create the account for them: CREATE USER ${quoteText(config.user)}@'…' IDENTIFIED BY '…'`,
  ],
  1129: ({ config }) => [
    'CONNECTION_REFUSED',
    `${config.host} blocks this worker after many failed connections`,
    'Run FLUSH HOSTS (or mariadb-admin flush-hosts) on the server, and see what failed before',
  ],
  1142: noStatement,
  1143: noStatement,
  1227: noStatement,
  1053: lost,
  1317: lost,
  1927: lost,
  1969: statementTimeout,
  3024: statementTimeout,
  1205: statementTimeout,
  3159: ({ config }) => [
    'TLS_MISMATCH',
    `${config.host} takes encrypted connections only`,
    'Set TLS to require or verify',
  ],
};

/** An error that the server answered with, and its number there. */
export class MysqlError extends ConnectorError {
  constructor(
    readonly errno: number,
    ...explained: ConstructorParameters<typeof ConnectorError>
  ) {
    super(...explained);
  }
}

/** Turns what the driver or the server said into the connector's error. */
export function toConnectorError(error: unknown, place: ErrorPlace): ConnectorError {
  if (error instanceof ConnectorError) return error;
  const { errno, code, message, text } = partsOf(error);
  if (errno !== undefined && text !== undefined) {
    const explain = SERVER_ERRORS[errno];
    if (explain !== undefined) return new MysqlError(errno, ...explain(place, text));
    return new MysqlError(
      errno,
      'SOURCE_ERROR',
      `The server refused a statement (error ${errno}: ${text.slice(0, 200)})`,
      'See the server’s error log; if this version is supported, report it',
    );
  }
  return (
    tlsFailure(code, message, place) ??
    authFailure(code, place) ??
    networkFailure(driverError(error, code), network(place))
  );
}

/** `app_1` as a database name in a GRANT, where `_` and `%` are wildcards. */
export function grantPattern(database: string): string {
  return `\`${database.replace(/[\\_%]/g, '\\$&').replaceAll('`', '``')}\``;
}

/** `user@host`, as CURRENT_USER() says it, as a GRANT takes it. */
export function grantee(currentUser: string): string {
  const at = currentUser.lastIndexOf('@');
  return at === -1
    ? quoteText(currentUser)
    : `${quoteText(currentUser.slice(0, at))}@${quoteText(currentUser.slice(at + 1))}`;
}

function quoteText(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}

function tlsFailure(code: string, message: string, { config }: ErrorPlace): ConnectorError | undefined {
  if (code === 'HANDSHAKE_NO_SSL_SUPPORT')
    return new ConnectorError(
      'TLS_MISMATCH',
      `${config.host} offers no TLS`,
      'Turn TLS on at the server (ssl_cert, ssl_key), or set TLS to prefer or off',
    );
  if (code !== 'HANDSHAKE_SSL_ERROR' && !code.startsWith('ERR_TLS') && !code.startsWith('ERR_SSL')) return undefined;
  return new ConnectorError(
    'TLS_MISMATCH',
    `The TLS handshake with ${config.host} failed: ${message.slice(0, 200)}`,
    'Give the authority that signed the certificate, or the name that the certificate is for; `require` encrypts without checking either',
  );
}

function authFailure(code: string, { config }: ErrorPlace): ConnectorError | undefined {
  if (!code.startsWith('AUTH_SWITCH')) return undefined;
  return new ConnectorError(
    'BAD_CREDENTIALS',
    `${config.user} logs in by a method that this connector does not know`,
    'Use an account with caching_sha2_password, sha256_password or mysql_native_password',
  );
}

/** The driver names a closed connection in its own words. */
function driverError(error: unknown, code: string): unknown {
  return code === 'PROTOCOL_CONNECTION_LOST' ? Object.assign(new Error(), { code: 'ECONNRESET' }) : error;
}

function network({ config, workerAddresses }: ErrorPlace) {
  return { host: config.host, port: config.port, workerAddresses };
}

function partsOf(error: unknown): {
  errno: number | undefined;
  code: string;
  message: string;
  text: string | undefined;
} {
  if (!(error instanceof Error)) return { errno: undefined, code: '', message: '', text: undefined };
  const { errno, code, sqlMessage } = error as Error & { errno?: unknown; code?: unknown; sqlMessage?: unknown };
  return {
    errno: typeof errno === 'number' ? errno : undefined,
    code: typeof code === 'string' ? code : error.name,
    message: error.message,
    text: typeof sqlMessage === 'string' ? sqlMessage : undefined,
  };
}

function addressesOf(workerAddresses: readonly string[] | undefined): string {
  return workerAddresses === undefined || workerAddresses.length === 0
    ? "the worker's addresses"
    : workerAddresses.join(', ');
}

function tooMany({ config }: ErrorPlace): [ConnectorErrorCode, string, string] {
  return [
    'TOO_MANY_CONNECTIONS',
    `${config.host} has no connection left for ${config.user}`,
    'Raise max_connections or the limit of the account (MAX_USER_CONNECTIONS); a crawl needs one connection per database it reads at a time, and one more to stop a statement',
  ];
}

function badCredentials({ config, workerAddresses }: ErrorPlace): [ConnectorErrorCode, string, string] {
  return [
    'BAD_CREDENTIALS',
    `${config.host} rejects the user name or password of ${config.user}`,
    `Correct the credentials of the data source; an account is tied to addresses too: it must exist for ${addressesOf(workerAddresses)}, and with REQUIRE SSL it needs TLS`,
  ];
}

function expired({ config }: ErrorPlace): [ConnectorErrorCode, string, string] {
  return [
    'BAD_CREDENTIALS',
    `The password of ${config.user} has expired`,
    'Set a new one: ALTER USER … IDENTIFIED BY …',
  ];
}

function locked({ config }: ErrorPlace): [ConnectorErrorCode, string, string] {
  return ['BAD_CREDENTIALS', `The account ${config.user} is locked`, 'Unlock it: ALTER USER … ACCOUNT UNLOCK'];
}

function noStatement({ config, database }: ErrorPlace): [ConnectorErrorCode, string, string] {
  return [
    'PERMISSION_DENIED',
    `${config.user} lacks a privilege${database === undefined ? '' : ` on database ${database}`}`,
    `GRANT SELECT, SHOW VIEW ON ${database === undefined ? '*' : grantPattern(database)}.* TO the account ${config.user}`,
  ];
}

function lost({ config }: ErrorPlace): [ConnectorErrorCode, string, string] {
  return [
    'CONNECTION_LOST',
    `${config.host} ended the connection`,
    'It restarts, or somebody killed the session; it will be tried again',
  ];
}

function statementTimeout({ config }: ErrorPlace): [ConnectorErrorCode, string, string] {
  return [
    'STATEMENT_TIMEOUT',
    `${config.host} took too long for a statement`,
    'Run the crawler at a quieter time; on MariaDB and MySQL 5.7 a larger table_open_cache makes reading faster',
  ];
}
