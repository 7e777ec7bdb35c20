import type { Flavour } from './flavour.js';

/** Asked before anything else. StarRocks, TiDB and OceanBase answer it too, and give themselves away. */
export const IDENTIFY = 'SELECT VERSION(), @@version_comment, CONNECTION_ID(), CURRENT_USER()';

/** Names that a server lacks are left out of the answer; `ob_` and `tidb_` betray a server behind a proxy. */
export const SERVER_VARIABLES = `
SHOW GLOBAL VARIABLES
WHERE Variable_name IN ('server_uuid', 'server_uid', 'server_id', 'hostname', 'port', 'datadir', 'wsrep_on',
                        'group_replication_group_name', 'lower_case_table_names', 'table_open_cache', 'partial_revokes',
                        'ob_compatibility_mode', 'ob_query_timeout', 'tidb_txn_mode', 'tidb_distsql_scan_concurrency')`;

export const GALERA_CLUSTER = `SHOW GLOBAL STATUS LIKE 'wsrep_cluster_state_uuid'`;

/**
 * Read-only, bounded, and speaking the same way whatever the server's defaults: no ANSI quotes in SHOW GRANTS, English
 * messages (they are compared), no cut hashes. `lock_wait_timeout` is a day or more by default,
 * and information_schema of MariaDB and MySQL 5.7 waits that long for a table that is being altered, and then says so in a
 * warning, of which every one is kept. MySQL 9 lets only accounts with a privilege for it keep more warnings.
 */
export function sessionSettings({ product, hasDictionary, convertsInLists }: Flavour): string[] {
  const settings = [
    "sql_mode = ''",
    "lc_messages = 'en_US'",
    'sql_quote_show_create = 1',
    'group_concat_max_len = 16777216',
    'lock_wait_timeout = 2',
    product === 'MariaDB' ? 'max_statement_time = 60' : 'max_execution_time = 60000',
  ];
  if (!hasDictionary) settings.push('max_error_count = 65535');
  if (convertsInLists) settings.push('in_predicate_conversion_threshold = 0');
  return [`SET SESSION ${settings.join(', ')}`, 'SET SESSION TRANSACTION READ ONLY'];
}
