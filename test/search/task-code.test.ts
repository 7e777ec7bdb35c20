import { afterAll, beforeAll, expect, test } from 'vitest';
import { findTaskCode } from '../../search/find-task-code.js';
import { indexTaskCode } from '../../search/index-task-code.js';
import { runEvent, tell } from '../lineage/told-events.js';
import { testDatabase } from '../servers/test-database.js';

let catalog: Awaited<ReturnType<typeof testDatabase>>;
beforeAll(async () => {
  catalog = await testDatabase();
});
afterAll(() => catalog.drop());

async function told(...events: Parameters<typeof runEvent>[0][]): Promise<void> {
  for (const event of events) await tell(catalog.database, [runEvent(event)]);
  while (await indexTaskCode(catalog.database, 10));
}

/** What everybody would find who may read everything. */
async function found(text: string): Promise<string[]> {
  const readable = catalog.database.raw('true');
  const { taskCode } = await findTaskCode(catalog.database, { text, visible: 'everything', readable, limit: 20 });
  return taskCode.map(({ name, part, lines }) => [name, part, ...lines.map(({ number }) => number)].join(' '));
}

test('a text of more words than PostgreSQL takes holds up no other, and is found by the first of them', async () => {
  // Each two neighbours are a word of six bytes, a megabyte and a half in all, and hardly any comes twice.
  let seed = 1;
  const han = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return String.fromCodePoint(0x4e00 + (seed % 20_000));
  };
  const huge = `SELECT firstword ${Array.from({ length: 250_000 }, han).join('')} lastword`;
  await told(
    { job: 'huge', jobFacets: { sql: { query: huge } } },
    { job: 'small', jobFacets: { sql: { query: 'SELECT firstword' } } },
  );
  expect(await found('firstword')).toEqual(['small sql 1', 'huge sql 1']);
  expect(await found('lastword')).toEqual([]);
});

test('a text that the job takes back is not found any more', async () => {
  const told1 = { sql: { query: 'SELECT kept' }, sourceCode: { language: 'python', sourceCode: '\nprint("taken")' } };
  await told({ job: 'changes', jobFacets: told1, at: '2026-11-01T10:00:00Z' });
  expect(await found('changes')).toEqual(['changes sql', 'changes sourceCode']);
  expect(await found('taken')).toEqual(['changes sourceCode 2']);
  await told({ job: 'changes', jobFacets: { sourceCode: { _deleted: true } }, at: '2026-11-01T11:00:00Z' });
  expect(await found('taken')).toEqual([]);
  expect(await found('changes')).toEqual(['changes sql']);
});

test('two edits are taken for a misspelling of a long word, and where a word stands as typed no other is looked for', async () => {
  await told({ job: 'monthlyInventories', jobFacets: { sql: { query: 'SELECT 1' } } });
  expect(await found('inventroeis')).toEqual(['monthlyInventories sql']);
  expect(await found('inventores')).toEqual(['monthlyInventories sql']);
  await told({ job: 'other', jobFacets: { sql: { query: 'SELECT 1 -- inventores' } } });
  expect(await found('inventores')).toEqual(['other sql 1']);
});

test('a job that is deleted takes its code along', async () => {
  await told({ job: 'leaves', jobFacets: { sql: { query: 'SELECT leaving' } } });
  expect(await found('leaving')).toEqual(['leaves sql 1']);
  await catalog.database.raw(`DELETE FROM lineage_process WHERE name = 'leaves'`);
  expect(await found('leaving')).toEqual([]);
});
