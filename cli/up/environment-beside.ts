import { DEFAULT_DATA_DIRECTORY, layoutOf } from '../data-directory.js';
import { readJson } from '../private-file.js';
import { instanceAt } from '../server/instances.js';
import type { Ports } from './ports.js';
import { catalogUrl } from './postgres-part.js';
import { placeForPostgres } from './postgres-place.js';
import { searchEnvironmentOfLastStart } from './search-engine.js';
import { passwordsOf } from './secrets.js';

/**
 * How a maintenance program finds the catalog and the search engine of the instance that runs on a data directory;
 * nothing when none runs.
 */
export function environmentBeside(dataDirectory: string = DEFAULT_DATA_DIRECTORY): Record<string, string> | undefined {
  const layout = layoutOf(dataDirectory);
  const ports = readJson<Ports>(layout.ports);
  if (instanceAt(dataDirectory) === undefined || ports === undefined) return undefined;
  const { directory } = placeForPostgres(layout);
  const DATABASE_URL = catalogUrl({ directory, port: ports.postgres, passwords: passwordsOf(layout, directory) });
  return { DATABASE_URL, ...searchEnvironmentOfLastStart(layout, ports.meilisearch) };
}
