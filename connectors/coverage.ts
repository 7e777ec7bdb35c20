import type { ConnectorSpec, Timeliness } from './contract.js';

/** How soon one sort of metadata is on the map, and under what condition. */
export interface Coverage {
  timeliness: Timeliness;
  /** The condition or the exception, for people. */
  note?: string;
}

/** What a type of sources gives and what it cannot, whether or not there is a connector for it yet. */
export interface SourceCoverage {
  type: string;
  displayName: string;
  /** `built-in` is collected without a crawler being made. */
  collection: 'built-in' | 'crawler';
  granularity: 'database' | 'instance';
  scopeEditable: boolean;
  tables: Coverage;
  partitions: Coverage;
  lineage: Coverage;
}

/** Something that a source of a type never has on the map, and why. */
export interface Gap {
  what: string;
  why: string;
}

const realTime = (note?: string): Coverage => ({ timeliness: 'real-time', ...(note === undefined ? {} : { note }) });
const bySchedule = (note?: string): Coverage => ({
  timeliness: 'by schedule',
  ...(note === undefined ? {} : { note }),
});
const none: Coverage = { timeliness: 'not supported' };

/**
 * The product page's table of collection scope and timeliness, a line for each source type. Where there is a connector, its
 * own spec holds instead: it may give more than the page asks for.
 */
const PAGE: readonly SourceCoverage[] = [
  {
    ...instance('maxcompute', 'MaxCompute', 'built-in'),
    tables: realTime('An external project is a day late.'),
    partitions: realTime('Outside the Chinese mainland a day late.'),
    lineage: realTime(),
  },
  {
    ...instance('dlf', 'Data Lake Formation (DLF)', 'built-in'),
    tables: realTime(),
    partitions: realTime(),
    lineage: realTime('Only of Serverless Spark, StarRocks and Flink. Of EMR clusters, where EMR_HOOK is enabled.'),
  },
  { ...database('hologres', 'Hologres'), lineage: realTime() },
  {
    ...instance('emr-hive', 'EMR Hive'),
    partitions: bySchedule(),
    lineage: realTime('Where EMR_HOOK is enabled for the cluster.'),
    scopeEditable: false,
  },
  { ...instance('cdh-hive', 'CDH Hive'), partitions: realTime(), lineage: realTime(), scopeEditable: false },
  {
    ...database('starrocks', 'StarRocks'),
    tables: realTime('In instance mode; by schedule in connection string mode.'),
    lineage: realTime('In instance mode; none in connection string mode.'),
  },
  {
    ...database('analyticdb-mysql', 'AnalyticDB for MySQL'),
    lineage: realTime('After a ticket has enabled it for the instance.'),
  },
  {
    ...instance('analyticdb-spark', 'AnalyticDB for Spark'),
    tables: realTime('Entered together with AnalyticDB for MySQL.'),
    lineage: realTime(),
    scopeEditable: false,
  },
  { ...database('analyticdb-postgresql', 'AnalyticDB for PostgreSQL'), lineage: realTime() },
  { ...instance('lindorm', 'Lindorm'), lineage: realTime(), scopeEditable: false },
  { ...instance('ots', 'OTS (Tablestore)'), scopeEditable: false },
  database('mysql', 'MySQL'),
  database('postgresql', 'PostgreSQL'),
  database('sqlserver', 'SQL Server'),
  database('oracle', 'Oracle'),
  database('clickhouse', 'ClickHouse'),
  { ...database('elasticsearch', 'Elasticsearch'), scopeEditable: false },
];

/** All types, those without a connector too: a connector's own spec comes before the page's line. */
export function coverageOfAll(specs: readonly ConnectorSpec[]): (SourceCoverage & { collected: boolean })[] {
  const paged = new Map(PAGE.map((line) => [line.type, line]));
  const own = specs.map((spec) => ({ ...coverageOfSpec(spec, paged.get(spec.type)), collected: true }));
  const ours = new Set(specs.map(({ type }) => type));
  return [...own, ...PAGE.filter(({ type }) => !ours.has(type)).map((line) => ({ ...line, collected: false }))];
}

/** What no table of the type's sources has on its page, because its sources cannot give it or nobody reads it. */
export function gapsOf({ displayName, timeliness, gaps = [] }: ConnectorSpec): Gap[] {
  const missing = (['partitions', 'lineage'] as const).filter((what) => timeliness[what] === 'not supported');
  return [...missing.map((what) => ({ what, why: `Not collected from ${displayName} sources.` })), ...gaps];
}

function coverageOfSpec(spec: ConnectorSpec, line: SourceCoverage | undefined): SourceCoverage {
  const { type, displayName, granularity, scopeEditable, timeliness } = spec;
  const of = (what: 'tables' | 'partitions' | 'lineage'): Coverage =>
    line?.[what].timeliness === timeliness[what] ? line[what] : { timeliness: timeliness[what] };
  return {
    type,
    displayName,
    collection: line?.collection ?? 'crawler',
    granularity,
    scopeEditable,
    tables: of('tables'),
    partitions: of('partitions'),
    lineage: of('lineage'),
  };
}

function database(type: string, displayName: string): SourceCoverage {
  return {
    type,
    displayName,
    collection: 'crawler',
    granularity: 'database',
    scopeEditable: true,
    tables: bySchedule(),
    partitions: none,
    lineage: none,
  };
}

function instance(
  type: string,
  displayName: string,
  collection: SourceCoverage['collection'] = 'crawler',
): SourceCoverage {
  return { ...database(type, displayName), collection, granularity: 'instance' };
}
