import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory of package.json: two or three above this file, compiled or not. */
export const PROJECT_ROOT = projectRoot();

/** Where an embedded Datamap keeps everything, when nothing else is said. */
export const DEFAULT_DATA_DIRECTORY = join(PROJECT_ROOT, '.datamap');

/** Paths of what is kept in a data directory. */
export function layoutOf(dataDirectory: string) {
  const at = (name: string) => join(resolve(dataDirectory), name);
  return {
    root: resolve(dataDirectory),
    /** Address and local token of the running instance; mode 0600. */
    instance: at('instance.json'),
    /** Who holds the directory: one instance at a time. */
    lock: at('up.lock'),
    /** What the instance has started, so that the next start finds what a killed one left behind. */
    processes: at('processes.json'),
    /** Ports, kept for the next start. */
    ports: at('ports.json'),
    /** The key that seals data sources' credentials; mode 0600. */
    secretKey: at('secret.key'),
    /** Passwords of the embedded PostgreSQL; mode 0600. */
    passwords: at('passwords.json'),
    /** What first-start steps are done. */
    progress: at('progress.json'),
    postgres: at('postgres'),
    temporal: at('temporal.db'),
    /** The search engine's index, which can be filled anew from the catalog at any time. */
    meilisearch: at('meilisearch'),
    /** Its master key; mode 0600. */
    meilisearchKey: at('meilisearch.key'),
    /** Which engine the last start searched with: another one has to be filled first. */
    searchEngine: at('search-engine.json'),
    logs: at('logs'),
  };
}

export type Layout = ReturnType<typeof layoutOf>;

function projectRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('package.json of Datamap is missing: the installation is incomplete');
    directory = parent;
  }
  return directory;
}
