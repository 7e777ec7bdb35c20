import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SearchAnswer, SearchIndex, SearchRequest } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { seeded } from '../fakes/seeded.js';
import { testDatabase } from '../servers/test-database.js';
import { tableDocument } from './sample-documents.js';

/** Each document is counted as so many: of more than 50,000 that may be seen a page is found without counting. */
const EACH = 80;
const DOCUMENTS = 1_200;
const SEEN = ['1', '2', '3'];

/** Words from one that stands in most names to some of a fiftieth. */
const WORDS = ['order', 'sales', 'line', 'item', 'history', 'customer', 'region', 'vendor', 'lot', 'ledger'];
/** Of so many hits the names of rare words fill a page, or do not. */
const LIMITS = [3, 40];

let catalog: Awaited<ReturnType<typeof testDatabase>>;
let index: SearchIndex;

beforeAll(async () => {
  catalog = await testDatabase();
  const next = seeded(7);
  const word = () => WORDS[Math.floor(next() ** 6 * WORDS.length)] as string;
  const documents = Array.from({ length: DOCUMENTS }, (_, n) =>
    tableDocument({
      id: String(n + 1),
      name: nameOf(n, [word(), word()]),
      schema: n % 135 === 1 ? 'quota' : word(),
      columnNames: [`${word()}_id`, word(), `${word()}_${word()}`],
      comment: `the ${word()} of a ${word()}`,
      popularity: Math.floor(next() * 100),
      visibleTo: String(n % 5),
    }),
  );
  const { database } = catalog;
  await createPostgresqlIndex(database).rebuild(
    (async function* () {
      yield documents;
    })(),
  );
  await database.raw('UPDATE search_audience SET documents = documents * ?', [EACH]);
  for (const part of [20, 4])
    await database.raw(
      `DO $$ BEGIN EXECUTE format(
         'CREATE INDEX ON search_document USING gin (words) WHERE standing >= %s',
         (SELECT standing FROM search_document ORDER BY standing DESC OFFSET ${DOCUMENTS / part} LIMIT 1)
       ); END $$`,
    );
  index = createPostgresqlIndex(database);
}, 120_000);
afterAll(() => catalog.drop());

const texts = [
  ...WORDS,
  ...WORDS.flatMap((first, at) => WORDS.slice(at + 1).map((second) => `${first} ${second}`)),
  ...WORDS.slice(2).map((third, at) => `${WORDS[at]} ${WORDS[at + 1]} ${third}`),
  ...WORDS.map((word, at) => `${word} ${WORDS[(at + 3) % WORDS.length]?.slice(0, 2)}`),
  ...WORDS.map((word, at) => `order ${word} ${at}`),
  ...WORDS.map((word) => `sales ${word} l`),
  'quota audit',
  'order order',
  'sales.order',
  'order_line',
  'ordre sales',
  'custmer ledgr',
  'histroy regoin line',
  'order nowhere',
];

const ask = (text: string, request: Partial<SearchRequest>): Promise<SearchAnswer> =>
  index.search({ text, filters: {}, visibleTo: SEEN, facets: [], limit: 40, ...request });

const shown = ({ hits, correctedTo }: SearchAnswer) => ({ ids: hits.map(({ document }) => document.id), correctedTo });

test('a page that is found without counting has the hits of a counted one, in its order, for words that are usual together or rare', async () => {
  for (const text of texts)
    for (const limit of LIMITS)
      expect(shown(await ask(text, { limit })), `${text}, ${limit}`).toEqual(
        shown(await ask(text, { limit, counted: true })),
      );
}, 120_000);

test('with facets the same page is found, and all that matches is counted', async () => {
  for (const text of texts.filter((_, at) => at % 3 === 0)) {
    const [answer, counted] = [await ask(text, { facets: ['schema'] }), await ask(text, { counted: true })];
    expect(shown(answer), text).toEqual(shown(counted));
    const total = answer.facets.schema?.reduce((sum, { count }) => sum + count, 0);
    expect([answer.total, total], text).toEqual([counted.total, counted.total]);
  }
}, 120_000);

test('nothing of what may not be seen is on a page, whatever the way to it', async () => {
  for (const text of texts) {
    const { hits } = await ask(text, {});
    expect(
      hits.map(({ document }) => document.visibleTo).filter((mark) => !SEEN.includes(mark)),
      text,
    ).toEqual([]);
  }
}, 120_000);

/** Of very long names not all words are kept beside the document. */
function nameOf(n: number, words: string[]): string {
  if (n % 135 === 1) return `audit_${n}`;
  if (n % 9 !== 0) return [...words, ...(n % 4 === 0 ? [n % 50] : [])].join('_');
  return [...filling(n), ...(n % 135 === 0 ? ['quota', 'audit'] : words)].join('_');
}

/** Words of some length that nobody asks for, before which others are cut. */
function filling(n: number): string[] {
  return Array.from({ length: 8 }, (_, at) => `z${'abcdefghij'.charAt(at)}${'q'.repeat(50 + (n % 12))}`);
}
