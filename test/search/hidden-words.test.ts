import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SearchAnswer, SearchDocument, SearchIndex } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { testDatabase } from '../servers/test-database.js';
import { tableDocument } from './sample-documents.js';

/** More words than the dictionary is asked for at a time, in any of its uses. */
const MANY = 400;
const LETTERS = 'bcdfghjklmnpqrstvwxz';

/** What is typed, and what it should find: by the beginnings of two words, and past mistakes in one or two. */
const TYPED = ['report cus', 'cus rep', 'report custo', 'custpmer', 'reprot custumer', 'kuotas', 'plnets', 'plne'];

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let index: SearchIndex;

beforeAll(async () => {
  catalog = await testDatabase();
  index = createPostgresqlIndex(catalog.database);
});
afterAll(() => catalog.drop());

test('words of hidden documents, however many and however near, change nothing of what is found', async () => {
  await index.write({ put: visible(), remove: [] });
  const before = await answers();
  for (const [at, answer] of before.entries()) expect(answer.total, TYPED[at]).toBeGreaterThan(0);

  await index.write({ put: hidden(), remove: [] });
  expect(await answers()).toEqual(before);
});

test.each([
  ['without facets', []],
  ['with facets', ['kind' as const]],
])(
  'a word that is known is corrected too where the likeliest words stand together in hidden documents alone, %s',
  async (_, facets) => {
    await index.write({
      put: [
        tableDocument({ id: '71', name: 'fabric', visibleTo: 'weavers' }),
        tableDocument({ id: '72', name: 'fabrics_merchant', visibleTo: 'weavers' }),
        tableDocument({ id: '73', name: 'fabric_merchant', visibleTo: 'theirs' }),
      ],
      remove: [],
    });
    const ask = (visibleTo: string[], onlyBest?: true) =>
      index.search({
        text: 'fabric merchnat',
        filters: {},
        visibleTo,
        facets: onlyBest ? [] : facets,
        limit: 20,
        ...(onlyBest ? { onlyBest } : {}),
      });
    for (const onlyBest of [undefined, true] as const) {
      const answer = await ask(['weavers'], onlyBest);
      expect(answer.hits.map(({ document }) => document.id)).toEqual(['72']);
      expect(answer.correctedTo).toBe('fabrics merchant');
      expect((await ask(['weavers', 'theirs'], onlyBest)).correctedTo).toBe('fabric merchant');
    }
  },
);

function answers(): Promise<SearchAnswer[]> {
  return Promise.all(
    TYPED.map((text) =>
      index.search({ text, filters: {}, visibleTo: ['mine'], facets: ['kind', 'database', 'owner'], limit: 20 }),
    ),
  );
}

function visible(): SearchDocument[] {
  return [
    tableDocument({ name: 'a', comment: 'report of customers', visibleTo: 'mine' }),
    tableDocument({ name: 'b', comment: 'quotas', columnNames: ['planets', 'customer_report'], visibleTo: 'mine' }),
  ];
}

/** Words that begin as those typed and those near to them do, in more documents each than the visible ones. */
function hidden(): SearchDocument[] {
  const nearby = ['cus', 'custo', 'customer', 'report', 'quotas', 'kuotes', 'planets', 'plne', 'plane', 'pline', 'rep'];
  const words = nearby.flatMap((word) => [
    ...Array.from({ length: MANY }, (_, n) => word + letters(n)),
    ...Array.from({ length: word.length }, (_, at) =>
      LETTERS.split('').map((l) => word.slice(0, at) + l + word.slice(at + 1)),
    ).flat(),
  ]);
  return [1, 2, 3].map(() =>
    tableDocument({ name: 'secret', columnNames: words.filter((word) => word !== 'customer'), visibleTo: 'theirs' }),
  );
}

function letters(n: number): string {
  return `${LETTERS[n % 20]}${LETTERS[Math.floor(n / 20) % 20]}`;
}
