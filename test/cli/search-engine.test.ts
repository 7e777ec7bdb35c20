import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { layoutOf } from '../../cli/data-directory.js';
import {
  chooseSearchEngine,
  hasToBeFilled,
  searchEnvironment,
  searchEnvironmentOfLastStart,
} from '../../cli/up/search-engine.js';

let directory: string;
let layout: ReturnType<typeof layoutOf>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'datamap-search-'));
  layout = layoutOf(join(directory, 'data'));
  vi.stubEnv('MEILI_URL', '');
  vi.stubEnv('PATH', join(directory, 'bin'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

function installMeilisearch(): string {
  mkdirSync(join(directory, 'bin'));
  const program = join(directory, 'bin', 'meilisearch');
  writeFileSync(program, '');
  return program;
}

test('PostgreSQL answers where there is no Meilisearch, and asking for one says where to get it', () => {
  expect(chooseSearchEngine('auto', layout, 7700)).toEqual({ kind: 'postgresql' });
  expect(() => chooseSearchEngine('meilisearch', layout, 7700)).toThrow(/no program meilisearch is on the PATH/);
});

test('a meilisearch on the PATH is taken, with a key that only its owner may read and that stays', () => {
  const binary = installMeilisearch();
  const engine = chooseSearchEngine('auto', layout, 7711);
  expect(engine).toEqual({
    kind: 'own meilisearch',
    url: 'http://127.0.0.1:7711',
    binary,
    port: 7711,
    key: expect.any(String),
  });
  expect(statSync(layout.meilisearchKey).mode & 0o777).toBe(0o600);
  expect(chooseSearchEngine('auto', layout, 7711)).toEqual(engine);
  expect(searchEnvironment(engine)).toMatchObject({ MEILI_URL: 'http://127.0.0.1:7711' });
  expect(chooseSearchEngine('postgresql', layout, 7711)).toEqual({ kind: 'postgresql' });
});

test('one that is named by its address comes before the one on the PATH', () => {
  installMeilisearch();
  vi.stubEnv('MEILI_URL', 'http://search.example:7700');
  expect(chooseSearchEngine('auto', layout, 7711)).toMatchObject({
    kind: 'meilisearch',
    url: 'http://search.example:7700',
  });
});

test('an index is filled when it is not the one of the last start, or its data is gone', () => {
  installMeilisearch();
  const own = chooseSearchEngine('auto', layout, 7711);
  expect(hasToBeFilled({ kind: 'postgresql' }, layout), 'a first start on PostgreSQL').toBe(false);
  expect(hasToBeFilled(own, layout)).toBe(true);
  mkdirSync(layout.meilisearch, { recursive: true });
  expect(hasToBeFilled(own, layout), 'data of another time').toBe(true);
  writeFileSync(layout.searchEngine, JSON.stringify({ engine: layout.meilisearch }));
  expect(hasToBeFilled(own, layout)).toBe(false);
  expect(hasToBeFilled({ kind: 'postgresql' }, layout)).toBe(true);
  expect(searchEnvironmentOfLastStart(layout, 7711)).toMatchObject({ MEILI_URL: 'http://127.0.0.1:7711' });
  rmSync(layout.meilisearch, { recursive: true });
  expect(hasToBeFilled(own, layout)).toBe(true);
});
