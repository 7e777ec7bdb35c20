/** What a fresh connection is asked first, before any setting: who answers, and as whom. */
export interface Facts {
  versionNumber: number;
  version: string;
  /** The server's full description of itself, which names forks. */
  banner: string;
  user: string;
  /** The process that answered; differs from what the connection was told when a pooler stands between. */
  backend: number;
  mayReadControlFile: boolean;
}

/** Without any setting and without a transaction, since the server process may be shared through a pooler. */
export const FACTS = `
SELECT pg_catalog.current_setting('server_version_num')::pg_catalog.int4 AS "versionNumber",
       pg_catalog.current_setting('server_version') AS version,
       pg_catalog.version() AS banner,
       CURRENT_USER::pg_catalog.text AS user,
       pg_catalog.pg_backend_pid() AS backend,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS "mayReadControlFile"`;

/**
 * An empty search path makes the server write every name in full; the styles make it write every constant the same
 * way whatever the role's own settings are. Memory is for the hash tables of the listing; JIT compilation would cost
 * more than these queries take.
 */
const SETTINGS: Record<string, string> = {
  default_transaction_read_only: 'on',
  statement_timeout: '60s',
  lock_timeout: '5s',
  search_path: '',
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  quote_all_identifiers: 'off',
  jit: 'off',
  work_mem: '64MB',
  max_parallel_workers_per_gather: '0',
};

/** What of the settings a session may have otherwise. */
export interface SettingsOfSession {
  /** Milliseconds that a statement may take; a minute when left out. */
  statementTimeout?: number | undefined;
}

/** One statement that applies every setting to the transaction that is open. */
export function transactionSettings(of: SettingsOfSession): string {
  return `SELECT ${settingCalls(of, { local: true })}`;
}

/** One statement that applies every setting to the session and answers `identity`, one of those below, as well. */
export function settingsWithIdentity(identity: string, of: SettingsOfSession): string {
  return `SELECT (${identity}) AS server, ${settingCalls(of, { local: false })}`;
}

function settingCalls({ statementTimeout }: SettingsOfSession, { local }: { local: boolean }): string {
  const own =
    statementTimeout === undefined ? {} : { statement_timeout: `${Math.max(1, Math.round(statementTimeout))}ms` };
  return Object.entries({ ...SETTINGS, ...own })
    .map(([name, value]) => `pg_catalog.set_config('${name}', '${value}', ${local})`)
    .join(', ');
}

/** The number that initdb gives a cluster. It survives restarts and failovers; a restored dump has another. */
export const SERVER_IDENTITY = `
SELECT 'system:' || system_identifier AS server FROM pg_catalog.pg_control_system()`;

/**
 * For servers whose administrator revoked pg_control_system() from the public. What anyone may read and no restart
 * changes: the database's oid and locale, and how the cluster was initialised. Two clusters that the same script built
 * can look alike; then a moved address is not noticed, which the guard on mass removal still catches.
 */
export const SERVER_IDENTITY_FALLBACK = `
SELECT 'database:' || d.oid || ':' || pg_catalog.md5(pg_catalog.concat_ws('|', d.encoding, d.datcollate, d.datctype, 
         pg_catalog.pg_get_userbyid(10),
         pg_catalog.current_setting('block_size'), pg_catalog.current_setting('segment_size'),
         pg_catalog.current_setting('wal_segment_size'), pg_catalog.current_setting('data_checksums'))) AS server
  FROM pg_catalog.pg_database d
 WHERE d.datname = pg_catalog.current_database()`;

/**
 * How far the write-ahead log has come: what a primary wrote, what a standby replayed. Both count along one history, as
 * long as the system identifier is the same.
 */
export const HISTORY_POSITION = `
SELECT pg_catalog.pg_is_in_recovery() AS follows,
       pg_catalog.pg_wal_lsn_diff(
         CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
              ELSE pg_catalog.pg_current_wal_lsn()
         END, '0/0')::pg_catalog.text AS at`;
