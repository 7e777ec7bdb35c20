import { DEFAULT_DATA_DIRECTORY, layoutOf } from '../data-directory.js';
import { readJson } from '../private-file.js';
import { instanceAt } from '../server/instances.js';
import type { Ports } from './ports.js';
import { catalogUrl } from './postgres-part.js';
import { placeForPostgres } from './postgres-place.js';
import { passwordsOf } from './secrets.js';

/** The catalog of the instance that runs on a data directory, for maintenance beside it; nothing when none runs. */
export function databaseBeside(dataDirectory: string = DEFAULT_DATA_DIRECTORY): string | undefined {
  const layout = layoutOf(dataDirectory);
  const ports = readJson<Ports>(layout.ports);
  if (instanceAt(dataDirectory) === undefined || ports === undefined) return undefined;
  const { directory } = placeForPostgres(layout);
  return catalogUrl({ directory, port: ports.postgres, passwords: passwordsOf(layout, directory) });
}
