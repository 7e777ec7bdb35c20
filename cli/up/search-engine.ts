import { existsSync } from 'node:fs';
import type { Layout } from '../data-directory.js';
import { programOnPath } from '../embedded/program-on-path.js';
import { CliError } from '../errors.js';
import { readJson, writePrivateJson } from '../private-file.js';
import type { SearchChoice } from './options.js';
import { meilisearchKeyOf } from './secrets.js';

/** What answers search in this start. */
export type SearchEngine =
  | { kind: 'postgresql' }
  /** One that somebody else runs. */
  | { kind: 'meilisearch'; url: string; key: string | undefined }
  /** One that is ours to start. */
  | { kind: 'own meilisearch'; url: string; key: string; binary: string; port: number };

/**
 * Chooses the engine: MEILI_URL, a `meilisearch` on the PATH, then PostgreSQL.
 * @throws CliError NO_MEILISEARCH when it is asked for and there is none
 */
export function chooseSearchEngine(choice: SearchChoice, layout: Layout, port: number): SearchEngine {
  if (choice === 'postgresql') return { kind: 'postgresql' };
  const url = process.env['MEILI_URL'];
  if (url !== undefined && url !== '') return { kind: 'meilisearch', url, key: process.env['MEILI_MASTER_KEY'] };
  const binary = programOnPath('meilisearch');
  if (binary !== undefined) {
    return { kind: 'own meilisearch', url: `http://127.0.0.1:${port}`, key: meilisearchKeyOf(layout), binary, port };
  }
  if (choice === 'auto') return { kind: 'postgresql' };
  throw new CliError(
    'NO_MEILISEARCH',
    'There is no Meilisearch: MEILI_URL is not set, and no program meilisearch is on the PATH.',
    'Install it (https://www.meilisearch.com/docs), name a running one by MEILI_URL, or start with --search postgresql.',
  );
}

/** The settings by which API and worker find the engine. */
export function searchEnvironment(engine: SearchEngine): { MEILI_URL: string; MEILI_MASTER_KEY: string } {
  return engine.kind === 'postgresql'
    ? { MEILI_URL: '', MEILI_MASTER_KEY: '' }
    : { MEILI_URL: engine.url, MEILI_MASTER_KEY: engine.key ?? '' };
}

/** The settings that find the engine of the instance that was started last. */
export function searchEnvironmentOfLastStart(layout: Layout, port: number): Record<string, string> {
  const engine = readJson<{ engine: string }>(layout.searchEngine)?.engine ?? 'postgresql';
  if (engine === 'postgresql') return { MEILI_URL: '' };
  if (engine !== layout.meilisearch) return { MEILI_URL: engine };
  return { MEILI_URL: `http://127.0.0.1:${port}`, MEILI_MASTER_KEY: meilisearchKeyOf(layout) };
}

/** What the next start compares with: the engine, and where its index is. */
const traceOf = (engine: SearchEngine, layout: Layout): { engine: string } => ({
  engine: engine.kind === 'meilisearch' ? engine.url : engine.kind === 'postgresql' ? engine.kind : layout.meilisearch,
});

/** Whether the engine's index has to be filled: it is not the one of the last start, or its data is gone. To be asked before it is started. */
export function hasToBeFilled(engine: SearchEngine, layout: Layout): boolean {
  const last = readJson<{ engine: string }>(layout.searchEngine) ?? { engine: 'postgresql' };
  if (engine.kind === 'own meilisearch' && !existsSync(layout.meilisearch)) return true;
  return last.engine !== traceOf(engine, layout).engine;
}

/** Remembers that the engine's index is filled. */
export function rememberFilled(engine: SearchEngine, layout: Layout): void {
  writePrivateJson(layout.searchEngine, traceOf(engine, layout));
}
