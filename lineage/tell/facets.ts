import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** As the specification 2-0-2 has it: https://openlineage.io/spec/2-0-2/OpenLineage.json */
export interface RunEvent {
  eventTime: string;
  eventType: 'START' | 'COMPLETE' | 'FAIL' | 'ABORT';
  producer: string;
  schemaURL: string;
  run: { runId: string; facets: Record<string, Facet> };
  job: { namespace: string; name: string; facets: Record<string, Facet> };
  inputs: never[];
  outputs: OutputDataset[];
}

/** A database that a run collected, as a data set of OpenLineage. */
export interface OutputDataset {
  namespace: string;
  name: string;
  facets: Record<string, Facet>;
}

export interface Facet {
  _producer: string;
  _schemaURL: string;
  [field: string]: unknown;
}

export const VERSION = versionOfPackage();

/** Who tells, as a URI. */
export const PRODUCER = `urn:datamap:${VERSION}`;

/** A facet of the specification. @param schema version and name, e.g. `1-0-1/NominalTimeRunFacet` */
export function facet(schema: string, fields: Record<string, unknown>): Facet {
  const [version, name] = schema.split('/');
  return {
    _producer: PRODUCER,
    _schemaURL: `https://openlineage.io/spec/facets/${version}/${name}.json#/$defs/${name}`,
    ...fields,
  };
}

/** A facet of Datamap's own, which stands under a key that begins with `datamap_`. */
export function ownFacet(name: string, fields: Record<string, unknown>): Facet {
  return { _producer: PRODUCER, _schemaURL: `urn:datamap:facet:${name}:1`, ...fields };
}

/** Of the nearest package.json: compiled or not, it is some directories up. */
function versionOfPackage(): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    const found = tryRead(join(directory, 'package.json'));
    if (found !== undefined) return (JSON.parse(found) as { version: string }).version;
    if (directory === dirname(directory)) return 'unknown';
  }
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
