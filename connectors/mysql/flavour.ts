import { ConnectorError } from '../contract.js';

/** What a server is, in the respects in which MySQL and MariaDB differ for us. */
export interface Flavour {
  product: 'MySQL' | 'MariaDB';
  /** As the server says it, e.g. `10.11.6-MariaDB`. */
  version: string;
  /**
   * MySQL 8 keeps its catalogue in tables: information_schema opens no user table, waits for no lock and has an index
   * on names. Before, and in MariaDB, it opens the tables one by one.
   */
  hasDictionary: boolean;
  /** STATISTICS.EXPRESSION, for functional key parts: MySQL 8.0.13. */
  hasIndexExpressions: boolean;
  /** STATISTICS.IGNORED: MariaDB 10.6. */
  hasIgnoredIndexes: boolean;
  /** Turns IN lists of 1,000 names into a join, and that into a scan of the whole schema: MariaDB 10.3.18. */
  convertsInLists: boolean;
}

/** Servers that speak MySQL's protocol but are something else, and what to choose for them. */
const STRANGERS: readonly { pattern: RegExp; name: string; remedy: string }[] = [
  {
    pattern: /oceanbase/i,
    name: 'OceanBase',
    remedy: 'OceanBase cannot be collected with the MySQL type; its catalogue differs from MySQL’s',
  },
  {
    pattern: /starrocks/i,
    name: 'StarRocks',
    remedy: 'Create the data source with the type StarRocks',
  },
  {
    pattern: /doris/i,
    name: 'Apache Doris',
    remedy: 'Create the data source with the type StarRocks, whose catalogue Doris shares',
  },
  {
    pattern: /tidb/i,
    name: 'TiDB',
    remedy: 'TiDB cannot be collected with the MySQL type; there is no type for it yet',
  },
  {
    pattern: /clickhouse/i,
    name: 'ClickHouse',
    remedy: 'Create the data source with the type ClickHouse and its HTTP port',
  },
];

/**
 * Tells what answered by `VERSION()` and `@@version_comment`.
 * Throws ConnectorError `UNSUPPORTED_SERVER` for look-alikes, `UNSUPPORTED_VERSION` for releases before MySQL 5.7 and
 * MariaDB 10.3.
 */
export function flavourOf(version: string, comment: string): Flavour {
  const stranger = STRANGERS.find(({ pattern }) => pattern.test(version) || pattern.test(comment));
  if (stranger !== undefined) throw notMysql(stranger.name, version, stranger.remedy);
  const isMariadb = /mariadb/i.test(version) || /mariadb/i.test(comment);
  const [major, minor, patch] = numbersOf(version);
  const atLeast = (wanted: [number, number, number]) => compare([major, minor, patch], wanted) >= 0;
  if (!atLeast(isMariadb ? [10, 3, 0] : [5, 7, 0])) {
    throw new ConnectorError(
      'UNSUPPORTED_VERSION',
      `This is ${isMariadb ? 'MariaDB' : 'MySQL'} ${version}`,
      'MySQL 5.7 and 8 or newer, and MariaDB 10.3 or newer, can be collected; upgrade the server',
    );
  }
  return {
    product: isMariadb ? 'MariaDB' : 'MySQL',
    version,
    hasDictionary: !isMariadb && atLeast([8, 0, 0]),
    hasIndexExpressions: !isMariadb && atLeast([8, 0, 13]),
    hasIgnoredIndexes: isMariadb && atLeast([10, 6, 0]),
    convertsInLists: isMariadb && atLeast([10, 3, 18]),
  };
}

/** Some proxies hide what is behind them; the server's own variables do not. */
export function refuseByVariables(variables: ReadonlyMap<string, string>, version: string): void {
  const names = [...variables.keys()];
  const ob = names.find((name) => name.startsWith('ob_'));
  const tidb = names.find((name) => name.startsWith('tidb_'));
  const stranger = ob !== undefined ? 'OceanBase' : tidb !== undefined ? 'TiDB' : undefined;
  const known = STRANGERS.find(({ name }) => name === stranger);
  if (known !== undefined) throw notMysql(known.name, version, known.remedy);
}

/**
 * Who the server is, over restarts. A cluster is one server, whichever member answers: the group's name in MySQL, the
 * cluster's UUID in Galera. Else MySQL has `server_uuid` (in auto.cnf), MariaDB from 10.6 `server_uid` (from the
 * network card and port). Older MariaDB has nothing of the kind: host name, port, data directory and `server_id`
 * together stand for it, so that a container made anew counts as another server.
 */
export function serverIdentity(variables: ReadonlyMap<string, string>, galeraCluster: string | undefined): string {
  const of = (name: string) => variables.get(name) ?? '';
  if (galeraCluster !== undefined && galeraCluster !== '') return `galera:${galeraCluster}`;
  if (of('group_replication_group_name') !== '') return `group:${of('group_replication_group_name')}`;
  if (of('server_uuid') !== '') return of('server_uuid');
  if (of('server_uid') !== '') return of('server_uid');
  return [of('hostname'), of('port'), of('datadir'), of('server_id')].join(':');
}

function notMysql(name: string, version: string, remedy: string): ConnectorError {
  return new ConnectorError('UNSUPPORTED_SERVER', `This is ${name}, not MySQL (it says ${version})`, remedy);
}

/** `5.5.5-10.3.39-MariaDB` is how replication-safe MariaDB writes 10.3.39. */
function numbersOf(version: string): [number, number, number] {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(version.replace(/^5\.5\.5-(?=\d+\.)/, ''));
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0), Number(match?.[3] ?? 0)];
}

function compare(left: [number, number, number], right: [number, number, number]): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}
