import { ConnectorError, type ConnectorErrorCode } from '../contract.js';
import { networkFailure } from '../reach.js';
import { quoteIdentifier } from './quote-identifier.js';
import type { PostgresqlConfig } from './spec.js';

/** What an error message about a connection may name. Holds no secret. */
export interface Attempt {
  config: PostgresqlConfig;
  database: string;
  workerAddresses?: readonly string[] | undefined;
}

/** Explains why no session could be opened: SQLSTATEs, TLS and socket errors, and the driver's own. */
export function connectFailure(error: unknown, attempt: Attempt): ConnectorError {
  if (error instanceof ConnectorError) return error;
  return (
    refusalByServer(error, attempt) ??
    tlsFailure(error, attempt) ??
    missingPassword(error, attempt) ??
    networkFailure(messageOf(error) === 'timeout expired' ? new DOMException('', 'TimeoutError') : error, {
      host: attempt.config.host,
      port: attempt.config.port,
      workerAddresses: attempt.workerAddresses,
    })
  );
}

/** A failed statement of an open session, with the server's own code for it where the server answered. */
export class StatementError extends ConnectorError {
  readonly sqlState: string | undefined;

  constructor(code: ConnectorErrorCode, message: string, remedy: string, sqlState: string | undefined) {
    super(code, message, remedy);
    this.sqlState = sqlState;
  }
}

/** Explains why a statement of an open session failed. */
export function statementFailure(error: unknown, attempt: Attempt): StatementError {
  const sqlState = sqlStateOf(error);
  const { code, message, remedy } = explainStatement(error, sqlState, attempt);
  return new StatementError(code, message, remedy, sqlState);
}

function explainStatement(error: unknown, state: string | undefined, attempt: Attempt): ConnectorError {
  switch (state) {
    case '57014':
      return new ConnectorError(
        'STATEMENT_TIMEOUT',
        'The server stopped a catalogue query after 60 seconds',
        'See whether the server is overloaded; the crawl tries again',
      );
    case '42501':
      return new ConnectorError(
        'PERMISSION_DENIED',
        `The server says: ${messageOf(error)}`,
        `Let an administrator run: GRANT CONNECT ON DATABASE ${quoteIdentifier(attempt.database)} TO ${quoteIdentifier(attempt.config.user)}; reading pg_catalog must be allowed as well`,
      );
    case undefined:
    case '57P01':
    case '57P02':
    case '57P03':
    case '57P05':
      return new ConnectorError(
        'CONNECTION_LOST',
        `The connection to ${attempt.config.host} port ${attempt.config.port} was lost`,
        'See whether the server was restarted or a proxy ended the session; the crawl tries again',
      );
    default:
      return new ConnectorError(
        'SOURCE_ERROR',
        `The server says: ${messageOf(error)} (${state})`,
        "See the server's log at this time",
      );
  }
}

/** The five characters by which PostgreSQL names an error, where the server sent one. */
export function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) && 'severity' in error ? error.code : undefined;
}

/** True for the refusal of pg_hba.conf, whose rules tell encrypted connections from others. */
export function isHostRuleRefusal(error: unknown): boolean {
  return sqlStateOf(error) === '28000' && messageOf(error).includes('pg_hba.conf');
}

/** True where the server was asked for TLS and has none. The driver gives this error no code. */
export function isWithoutTls(error: unknown): boolean {
  return messageOf(error) === 'The server does not support SSL connections';
}

export function notPostgresql(config: PostgresqlConfig): ConnectorError {
  return new ConnectorError(
    'UNSUPPORTED_SERVER',
    `What answers at ${config.host} port ${config.port} is not PostgreSQL`,
    "Correct the port (PostgreSQL's own is 5432), or choose the source type of the server that listens there",
  );
}

export function tlsRequired({ user }: PostgresqlConfig): ConnectorError {
  return new ConnectorError(
    'TLS_MISMATCH',
    `The server lets “${user}” in over TLS only, and the data source does not use it`,
    'Set TLS to "require" or "verify"',
  );
}

export function withoutTls(config: PostgresqlConfig): ConnectorError {
  return new ConnectorError(
    'TLS_MISMATCH',
    `The server at ${config.host} port ${config.port} does not speak TLS, and the data source asks for it`,
    'Set TLS to "off" or "prefer" where the network is trusted, or let an administrator set ssl = on with a certificate',
  );
}

function refusalByServer(error: unknown, { config, database, workerAddresses }: Attempt): ConnectorError | undefined {
  const user = config.user;
  switch (sqlStateOf(error)) {
    case '28P01':
      return new ConnectorError(
        'BAD_CREDENTIALS',
        `The server refused the password of “${user}”`,
        'Correct user and password of the data source; the server gives the same answer for an unknown user',
      );
    case '28000':
      return isHostRuleRefusal(error)
        ? hostRuleRefusal(error, config, database, workerAddresses)
        : new ConnectorError(
            'BAD_CREDENTIALS',
            `The server does not let “${user}” log in: ${messageOf(error)}`,
            'Correct the user of the data source, or let an administrator create it with LOGIN',
          );
    case '3D000':
      return new ConnectorError(
        'UNKNOWN_DATABASE',
        `The server has no database named “${database}”`,
        "Correct the name; upper and lower case differ. The data source's database list shows what there is",
      );
    case '42501':
      return new ConnectorError(
        'PERMISSION_DENIED',
        `“${user}” may not connect to the database “${database}”`,
        `Let an administrator run: GRANT CONNECT ON DATABASE ${quoteIdentifier(database)} TO ${quoteIdentifier(user)}`,
      );
    case '53300':
      return new ConnectorError(
        'TOO_MANY_CONNECTIONS',
        `The server has no connection left for “${user}”`,
        "It will be tried again. Raise max_connections, the role's or the database's connection limit, or crawl at a quieter time; a crawl needs one connection",
      );
    case '57P03':
      return new ConnectorError(
        'SOURCE_ERROR',
        `The server accepts no connections yet: ${messageOf(error)}`,
        'It starts, stops or recovers; it will be tried again',
      );
    case '08P01':
    case '0A000':
      return new ConnectorError(
        'UNSUPPORTED_SERVER',
        `What answers at ${config.host} port ${config.port} refuses to talk as PostgreSQL does: ${messageOf(error)}`,
        "Connect to the PostgreSQL server itself rather than to a proxy in front of it, or allow in the proxy's settings what it names",
      );
    case undefined:
      return undefined;
    default:
      return statementFailure(error, { config, database });
  }
}

function hostRuleRefusal(
  error: unknown,
  { user }: PostgresqlConfig,
  database: string,
  workerAddresses: readonly string[] = [],
): ConnectorError {
  const from = /for host "([^"]+)"/.exec(messageOf(error))?.[1];
  const allow = [...new Set([...(from === undefined ? [] : [from]), ...workerAddresses])].join(', ') || 'the worker';
  return new ConnectorError(
    'PERMISSION_DENIED',
    `The server does not allow “${user}” into “${database}” from ${allow}`,
    `Add ${allow} to the server's allow-list: a line in pg_hba.conf such as "host ${database} ${user} ${from ?? 'ADDRESS'}/${from?.includes(':') ? 128 : 32} scram-sha-256", then reload the server`,
  );
}

/** OpenSSL's verdicts on a certificate, as Node passes them on. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
]);

function tlsFailure(error: unknown, { config }: Attempt): ConnectorError | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (isWithoutTls(error)) return withoutTls(config);
  if (UNTRUSTED.has(code))
    return new ConnectorError(
      'TLS_MISMATCH',
      `The server's certificate is signed by an authority that is not known here (${code})`,
      'Put the authority\'s certificate (PEM) into the data source, or set TLS to "require" to encrypt without verifying',
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return new ConnectorError(
      'TLS_MISMATCH',
      `The server's certificate is not for ${config.host}`,
      'Use the host name that the certificate is for, or set TLS to "require" to encrypt without verifying',
    );
  if (code.startsWith('CERT_'))
    return new ConnectorError(
      'TLS_MISMATCH',
      `The server's certificate is not valid (${code})`,
      'Let an administrator renew it, or set TLS to "require" to encrypt without verifying',
    );
  if (code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS'))
    return new ConnectorError(
      'TLS_MISMATCH',
      `The TLS handshake with ${config.host} failed (${code})`,
      'See which TLS versions and ciphers the server allows; TLS 1.2 and newer are spoken here',
    );
  return undefined;
}

function missingPassword(error: unknown, { config }: Attempt): ConnectorError | undefined {
  const said = messageOf(error);
  if (!said.startsWith('SASL')) return undefined;
  return said.includes('password must be')
    ? new ConnectorError(
        'BAD_CREDENTIALS',
        `The server asks for a password of “${config.user}”, and the data source has none`,
        'Add the password to the data source',
      )
    : new ConnectorError(
        'BAD_CREDENTIALS',
        `The server and the worker found no way to authenticate “${config.user}”: ${said}`,
        "Use password authentication (scram-sha-256 or md5) for this role in the server's pg_hba.conf",
      );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}
