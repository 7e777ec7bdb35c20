import type { Connector, ConnectorSpec } from './contract.js';
import { coverageOfAll, type Gap, gapsOf } from './coverage.js';
import { mysqlSpec } from './mysql/spec.js';
import { postgresqlSpec } from './postgresql/spec.js';

interface Entry {
  spec: ConnectorSpec;
  /** Loaded on first use: the API reads specs and must not load drivers. */
  load(): Promise<Connector>;
}

/** Every source type there is. A new one is a folder beside this file and a line here. */
const entries: readonly Entry[] = [
  { spec: postgresqlSpec, load: async () => (await import('./postgresql/connector.js')).postgresqlConnector },
  { spec: mysqlSpec, load: async () => (await import('./mysql/connector.js')).mysqlConnector },
];

export const connectorSpecs: readonly ConnectorSpec[] = entries.map((entry) => entry.spec);

export function connectorSpec(type: string): ConnectorSpec | undefined {
  return connectorSpecs.find((spec) => spec.type === type);
}

/** What each type of sources gives and cannot give, with and without a connector. */
export const sourceCoverage = coverageOfAll(connectorSpecs);

/** What tables of a type's sources never have on the map; nothing is known of a type without a connector. */
export function sourceGaps(type: string): Gap[] {
  const spec = connectorSpec(type);
  return spec === undefined ? [] : gapsOf(spec);
}

/** Loads a source type's connector. Throws when there is none of that type. */
export async function loadConnector(type: string): Promise<Connector> {
  const entry = entries.find((candidate) => candidate.spec.type === type);
  if (entry === undefined) throw new Error(`There is no connector for sources of type ${type}`);
  return entry.load();
}
