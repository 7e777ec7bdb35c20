import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SearchAnswer, SearchIndex, SearchRequest } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { testDatabase } from '../servers/test-database.js';
import { tableDocument } from './sample-documents.js';

/** More than the 10,000 up to which everything is counted and sorted. */
const MANY = 12_000;

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let index: SearchIndex;

beforeAll(async () => {
  catalog = await testDatabase();
  index = createPostgresqlIndex(catalog.database);
  const documents = Array.from({ length: MANY }, (_, n) =>
    tableDocument({
      id: String(n + 1),
      name: n % 10 === 0 ? `report_${n}` : `thing_${n}`,
      columnNames: n % 2 === 0 ? ['report'] : ['id'],
      comment: 'one report of many',
      type: n % 3 === 0 ? 'VIEW' : 'TABLE',
      visibleTo: n % 1_000 === 0 ? 'workspace:small' : 'workspace:large',
    }),
  );
  await index.rebuild(
    (async function* () {
      for (let from = 0; from < MANY; from += 1_000) yield documents.slice(from, from + 1_000);
    })(),
  );
});
afterAll(() => catalog.drop());

const search = (text: string, request: Partial<SearchRequest> = {}): Promise<SearchAnswer> =>
  index.search({ text, filters: {}, visibleTo: 'everything', facets: [], limit: 20, ...request });

test('totals stop at ten thousand, and facets go on', async () => {
  const answer = await search('report', { facets: ['type'] });
  expect(answer).toMatchObject({ total: 10_000, totalIsExact: false });
  expect(answer.facets.type).toEqual([
    { value: 'TABLE', count: 8_000 },
    { value: 'VIEW', count: 4_000 },
  ]);
  expect(await search('', {})).toMatchObject({ total: 10_000, totalIsExact: false });
});

test('pages go through names, then columns, then comments, without repeats', async () => {
  const seen: string[] = [];
  const kinds: string[] = [];
  let cursor: string | undefined;
  do {
    const answer = await search('report', { limit: 100, ...(cursor === undefined ? {} : { cursor }) });
    for (const { document } of answer.hits) {
      seen.push(document.id);
      kinds.push(
        document.name.startsWith('report') ? 'name' : document.columnNames.includes('report') ? 'column' : 'comment',
      );
    }
    cursor = answer.nextCursor;
  } while (cursor !== undefined);
  expect(new Set(seen).size).toBe(MANY);
  expect(seen).toHaveLength(MANY);
  expect(kinds.lastIndexOf('name')).toBe(1_199);
  expect(kinds.indexOf('comment')).toBe(6_000);
}, 120_000);

test('who may see a few of many documents finds exactly those', async () => {
  const answer = await search('report', { visibleTo: ['workspace:small'], facets: ['type'] });
  expect(answer).toMatchObject({ total: 12, totalIsExact: true });
  expect(answer.hits).toHaveLength(12);
  expect(answer.facets.type).toEqual([
    { value: 'TABLE', count: 8 },
    { value: 'VIEW', count: 4 },
  ]);
  expect((await search('', { visibleTo: ['workspace:small'] })).total).toBe(12);
});

test('a list of very many databases that one may see shows what is in those, and nothing of another', async () => {
  const others = Array.from({ length: 300 }, (_, n) => `workspace:${n}`);
  const asked = async (visibleTo: string[] | 'everything', onlyBest?: true) => {
    const { total, totalIsExact, hits } = await search('report', {
      visibleTo,
      limit: 100,
      ...(onlyBest && { onlyBest }),
    });
    return { total, totalIsExact, ids: hits.map(({ document }) => document.id) };
  };
  for (const onlyBest of [undefined, true] as const)
    for (const marks of [['workspace:small'], ['workspace:large'], ['workspace:small', 'workspace:large'], []])
      expect(await asked([...others, ...marks], onlyBest)).toEqual(await asked(marks, onlyBest));
  expect(await asked([...others, 'workspace:small', 'workspace:large'])).toEqual(await asked('everything'));
});

test('the dictionary and the counts of groups stand for what is indexed, after changes and removals too', async () => {
  const { database } = catalog;
  const extra = tableDocument({ id: '900001', name: 'ephemeral_zebra', columnNames: ['report'] });
  await index.write({ put: [extra], remove: [] });
  await index.write({ put: [{ ...extra, name: 'ephemeral_giraffe', type: 'VIEW' }], remove: [] });
  const counted = async () => {
    const { rows } = await database.raw<{ rows: { wrong: number }[] }>(
      `SELECT count(*)::integer AS wrong FROM (
         SELECT t.term FROM search_term t
         WHERE NOT EXISTS (SELECT FROM search_document d
                           WHERE d.words @@ (quote_literal(t.term) || ' | ' || quote_literal('t/' || t.term) || ' | ' || quote_literal('n/' || t.term))::tsquery)
         UNION ALL
         SELECT g.id::text FROM search_group g
         WHERE g.documents <> (SELECT count(*) FROM search_document d WHERE d.group_id = g.id)
         UNION ALL
         SELECT a.visible_to FROM search_audience a
         WHERE a.documents <> (SELECT count(*) FROM search_document d WHERE d.visible_to = a.visible_to)
       ) AS w`,
    );
    return rows[0]?.wrong;
  };
  const { rows } = await database.raw<{ rows: { term: string }[] }>(
    `SELECT term FROM search_term WHERE term IN ('zebra', 'giraffe')`,
  );
  expect(rows).toEqual([{ term: 'giraffe' }]);
  expect(await counted()).toBe(0);
  await index.write({ put: [], remove: [extra.id] });
  expect(await counted()).toBe(0);
  expect((await search('ephemeral')).total).toBe(0);
});

test('a mark is what it is, whatever it is made of', async () => {
  const odd = ['a,b', '"', '\\\\', '{a}', 'NULL', ' ', 'a\\nb', ''];
  await index.write({
    put: odd.map((visibleTo, at) => tableDocument({ id: `94000${at}`, name: 'oddity', visibleTo })),
    remove: [],
  });
  const found = async (visibleTo: string[], onlyBest?: true) =>
    (await search('oddity', { visibleTo, ...(onlyBest && { onlyBest }) })).hits.map(
      ({ document }) => document.visibleTo,
    );
  for (const onlyBest of [undefined, true] as const) {
    for (const mark of odd) expect(await found([mark], onlyBest), mark).toEqual([mark]);
    expect((await found([...odd, 'workspace:large'], onlyBest)).sort()).toEqual([...odd].sort());
    expect(await found(['a', 'b', 'null', 'workspace:large'], onlyBest)).toEqual([]);
  }
  await index.write({ put: [], remove: odd.map((_, at) => `94000${at}`) });
});

test('the words of names stand for the names there are, after changes and removals too, and after a rebuild', async () => {
  const { database } = catalog;
  const wrong = async () => {
    const { rows } = await database.raw<{ rows: { wrong: number; held: number }[] }>(
      `WITH expected AS (
         SELECT w.word COLLATE "C" AS word, standing, id, visible_to, group_id, names
         FROM search_document CROSS JOIN LATERAL unnest((string_to_array(rtrim(names), ' '))[2:]) AS w (word)
       ), held AS (
         SELECT word, standing, id, visible_to, group_id, names FROM search_name
       )
       SELECT (SELECT count(*)::integer FROM held) AS held, (
         SELECT count(*)::integer FROM (
           (TABLE expected EXCEPT ALL TABLE held) UNION ALL (TABLE held EXCEPT ALL TABLE expected)
         ) AS different
       ) AS wrong`,
    );
    return rows[0];
  };
  expect(await wrong()).toEqual({ wrong: 0, held: 2 * MANY });
  const extra = tableDocument({ id: '900101', name: 'fleeting_lion', visibleTo: 'workspace:large' });
  for (const change of [{}, { name: 'fleeting_tiger_2' }, { visibleTo: 'workspace:small' }, { popularity: 900 }, {}]) {
    await index.write({ put: [{ ...extra, ...change }], remove: [] });
    expect(await wrong()).toMatchObject({ wrong: 0 });
  }
  await index.write({ put: [], remove: [extra.id] });
  expect(await wrong()).toEqual({ wrong: 0, held: 2 * MANY });
});

test('while somebody types, hidden names take the place of no visible one, and what is moved is found by its new readers at once', async () => {
  const suggested = async (text: string, visibleTo: string[]) =>
    (await search(text, { visibleTo, limit: 5, onlyBest: true })).hits.map(({ document }) => document.name);
  // Better than all that is there by its standing.
  const hidden = Array.from({ length: 300 }, (_, n) =>
    tableDocument({ id: `91${n}`, name: `report_${n}_old`, popularity: 5_000, visibleTo: 'workspace:hidden' }),
  );
  const mine = tableDocument({ id: '920000', name: 'report_of_the_old_year', visibleTo: 'workspace:large' });
  await index.write({ put: [...hidden, mine], remove: [] });
  for (const text of ['old', 'ol', 'report old', 'report ol', 'report o', 'old rep'])
    expect(await suggested(text, ['workspace:large']), text).toEqual([mine.name]);
  await index.write({ put: [{ ...mine, visibleTo: 'workspace:hidden' }], remove: [] });
  for (const text of ['old', 'report old', 'report ol'])
    expect(await suggested(text, ['workspace:large']), text).not.toContain(mine.name);
  expect(await suggested('old year', ['workspace:hidden'])).toEqual([mine.name]);
  await index.write({ put: [], remove: [mine.id, ...hidden.map(({ id }) => id)] });
});

test('while somebody types, three names are enough among very many documents, and fewer let columns and texts speak', async () => {
  const named = (n: number) =>
    Array.from({ length: n }, (_, at) => tableDocument({ id: `93000${at}`, name: `gadget_${'x'.repeat(at + 1)}` }));
  const commented = tableDocument({ id: '930009', name: 'something', comment: 'what becomes of a gadget' });
  const suggested = async () => (await search('gadget', { onlyBest: true })).hits.map(({ document }) => document.name);
  await index.write({ put: [...named(2), commented], remove: [] });
  expect(await suggested()).toEqual(['gadget_x', 'gadget_xx', 'something']);
  await index.write({ put: named(3), remove: [] });
  expect(await suggested()).toEqual(['gadget_x', 'gadget_xx', 'gadget_xxx']);
  await index.write({ put: [], remove: [...named(3).map(({ id }) => id), commented.id] });
});

test('whoever may see very many documents gets the first page of a counted search, and is told that there are more', async () => {
  const { database } = catalog;
  // As if each stood for five: the twentieth of all is then a quarter of what there is.
  await database.raw('UPDATE search_audience SET documents = documents * 5');
  const indexes = async () => {
    const { rows } = await database.raw<{ rows: { name: string }[] }>(
      `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'search_document'::regclass AND indpred IS NOT NULL`,
    );
    return rows.map(({ name }) => name);
  };
  const pages = async (text: string, request: Partial<SearchRequest>) => {
    const first = await wide.search({ ...all, text, ...request });
    const cursor = first.nextCursor;
    const second = cursor === undefined ? undefined : await wide.search({ ...all, text, ...request, cursor });
    const ids = [first, second].map((each) => each?.hits.map(({ document }) => document.id));
    return { ids, cursor, correctedTo: first.correctedTo, total: first.total, totalIsExact: first.totalIsExact };
  };
  const all: SearchRequest = { text: '', filters: {}, visibleTo: 'everything', facets: [], limit: 7 };
  // One that has not counted before.
  let wide = createPostgresqlIndex(database);
  const texts = [
    'report',
    'thing',
    'rep',
    're',
    'reprot',
    'thing 1',
    'report 10',
    'one report',
    'thng reprt',
    'thing_11999',
  ];
  const compare = async () => {
    for (const text of texts)
      for (const visibleTo of ['everything' as const, ['workspace:large'], ['workspace:large', 'workspace:small']]) {
        const { total, totalIsExact, ...found } = await pages(text, { visibleTo });
        const { total: counted, totalIsExact: _, ...expected } = await pages(text, { visibleTo, counted: true });
        expect(found, text).toEqual(expected);
        expect({ total, totalIsExact }, text).toEqual({ total: Math.min(counted, 7), totalIsExact: counted <= 7 });
      }
  };
  await compare();
  // A transaction that began before is waited for so long, and no longer; what was begun then is made anew.
  const old = await database.transaction();
  await old.raw(`DELETE FROM search_document WHERE id = 'none'`);
  await wide.upkeep?.();
  await old.rollback();
  await wide.upkeep?.();
  const made = await indexes();
  expect(made).toHaveLength(1);
  await wide.upkeep?.();
  expect(await indexes()).toEqual(made);
  // One that learns of the index.
  await wide.close();
  wide = createPostgresqlIndex(database);
  await compare();
  await wide.close();
  await database.raw('UPDATE search_audience SET documents = documents / 5');
  await database.raw(`DROP INDEX ${made.join(', ')}`);
}, 120_000);

test('words that are gone from documents leave a dictionary of many words a part at a time, and those in use stay', async () => {
  const { database } = catalog;
  const words = (lead: string) => Array.from({ length: 26 * 26 }, (_, n) => `${lead}${letter(n / 26)}${letter(n)}`);
  const kept = tableDocument({ id: '900002', name: 'kept', columnNames: words('kept') });
  const leaving = tableDocument({ id: '900003', name: 'leaving', columnNames: words('gone') });
  await index.write({ put: [kept, leaving], remove: [] });
  await index.write({ put: [], remove: [leaving.id] });
  const count = async (lead: string) => {
    const { rows } = await database.raw<{ rows: { n: number }[] }>(
      'SELECT count(*)::integer AS n FROM search_term WHERE term ~ ?',
      [`^${lead}[a-z]{2}$`],
    );
    return rows[0]?.n;
  };
  const passing = Array.from({ length: 30 }, (_, n) => tableDocument({ id: `90001${n}`, name: `passing_${n}` }));
  await index.write({ put: passing, remove: [] });
  for (const { id } of passing) await index.write({ put: [], remove: [id] });
  expect(await count('gone')).toBe(0);
  expect(await count('kept')).toBe(26 * 26);
});

function letter(n: number): string {
  return 'abcdefghijklmnopqrstuvwxyz'[Math.floor(n) % 26] as string;
}
