import type { Connector, ConnectorSpec } from './contract.js';
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

/** Loads a source type's connector. Throws when there is none of that type. */
export async function loadConnector(type: string): Promise<Connector> {
  const entry = entries.find((candidate) => candidate.spec.type === type);
  if (entry === undefined) throw new Error(`There is no connector for sources of type ${type}`);
  return entry.load();
}
