import { Meilisearch } from 'meilisearch';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { InvalidCursor } from '../../catalog/model/cursor.js';
import { fieldsOf } from '../../search/fields.js';
import { createMeilisearchIndex } from '../../search/meilisearch/adapter.js';
import type { SearchAnswer, SearchDocument, SearchIndex, SearchRequest } from '../../search/port.js';
import { createPostgresqlIndex } from '../../search/postgresql/adapter.js';
import { testDatabase } from '../servers/test-database.js';
import { tableDocument } from './sample-documents.js';

const MEILI_URL = process.env.MEILI_URL ?? '';
if (MEILI_URL === '')
  console.warn(
    '\n*** NOT TESTED: the Meilisearch half of the search contract. Set MEILI_URL (and MEILI_MASTER_KEY) to a running server.\n',
  );

interface Engine {
  name: string;
  available: boolean;
  open(): Promise<{ index: SearchIndex; drop(): Promise<void> }>;
}

const engines: Engine[] = [
  {
    name: 'PostgreSQL',
    available: true,
    open: async () => {
      const catalog = await testDatabase();
      return { index: createPostgresqlIndex(catalog.database), drop: () => catalog.drop() };
    },
  },
  {
    name: 'Meilisearch',
    available: MEILI_URL !== '',
    open: async () => {
      const uid = `contract_${process.pid}_${Date.now()}`;
      const key = process.env.MEILI_MASTER_KEY ?? '';
      const index = createMeilisearchIndex({ url: MEILI_URL, key, uid });
      const client = new Meilisearch({ host: MEILI_URL, apiKey: key });
      return { index, drop: async () => void (await client.deleteIndex(uid).waitTask()) };
    },
  },
];

// An engine that no registry has is left out with the word above, not counted as skipped: a skipped test fails CI.
describe.each(engines.filter(({ available }) => available))('a search index kept by $name', ({ open }) => {
  let index: SearchIndex;
  let drop: () => Promise<void>;
  beforeAll(async () => {
    ({ index, drop } = await open());
    await index.prepare();
  });
  afterAll(async () => {
    await index?.close();
    await drop?.();
  });
  beforeEach(async () => {
    await index.rebuild(pages([]));
  });

  const search = (text: string, request: Partial<SearchRequest> = {}): Promise<SearchAnswer> =>
    index.search({ text, filters: {}, visibleTo: 'everything', facets: [], limit: 20, ...request });
  const names = async (text: string, request: Partial<SearchRequest> = {}) =>
    (await search(text, request)).hits.map(({ document }) => document.name);
  const put = (...documents: SearchDocument[]) => index.write({ put: documents, remove: [] });

  describe('finds', () => {
    const ORDERS = tableDocument({
      name: 'dim_customer_orders',
      schema: 'sales',
      columnNames: ['order_id', 'customer_email', 'placedAt'],
      columnComments: ['', 'Where the receipt goes', ''],
      comment: 'One row for each purchase, with its Größe',
    });
    const HISTORY = tableDocument({ name: 'CustomerOrderHistory2024', schema: 'archive' });
    const INVOICES = tableDocument({ name: 'invoices', schema: 'sales', columnNames: ['number', 'total'] });
    const CHINESE = tableDocument({
      name: 't_0815',
      comment: '本表存储客户订单明细数据，每日更新',
      columnNames: ['a'],
    });
    const COMPOUND = tableDocument({ name: 'salesorderheader', columnNames: ['carriertrackingnumber'] });
    const VIEW = tableDocument({ name: 'vindividualcustomer' });
    beforeEach(() => put(ORDERS, HISTORY, INVOICES, CHINESE, COMPOUND, VIEW));

    test.each([
      ['words of a name', 'customer orders', 'dim_customer_orders'],
      ['the words in another order', 'orders customer', 'dim_customer_orders'],
      ['a word while it is being typed', 'invo', 'invoices'],
      ['the last of several words while it is being typed', 'customer ord', 'dim_customer_orders'],
      ['beginnings of several words', 'cust ord', 'dim_customer_orders'],
      ['parts of a camelCase name', 'order history', 'CustomerOrderHistory2024'],
      ['a number inside a name', '2024', 'CustomerOrderHistory2024'],
      ['a name written as one word', 'dimcustomerorders', 'dim_customer_orders'],
      ['capitals', 'INVOICES', 'invoices'],
      ['a column', 'customer_email', 'dim_customer_orders'],
      ['a camelCase column', 'placed at', 'dim_customer_orders'],
      ['words of a comment', 'purchase', 'dim_customer_orders'],
      ['parts of a name written as one word', 'order header', 'salesorderheader'],
      ['parts of one word behind the mark of a view', 'individual customer', 'vindividualcustomer'],
      ['parts of a column written as one word', 'carrier tracking', 'salesorderheader'],
      ['words written together', 'orderhistory', 'CustomerOrderHistory2024'],
      ['words without their accents', 'grosse', 'dim_customer_orders'],
      ["words of a column's comment", 'receipt', 'dim_customer_orders'],
      ['a qualified name', 'shop.sales.invoices', 'invoices'],
      ['schema and name', 'sales invoices', 'invoices'],
      ['a Chinese word inside a sentence', '订单', 't_0815'],
      ['several Chinese characters inside a sentence', '客户订单明细', 't_0815'],
      ['a single letter missing', 'custmer', 'dim_customer_orders'],
      ['a letter too many', 'invoicess', 'invoices'],
      ['a wrong letter', 'purchaze', 'dim_customer_orders'],
      ['letters exchanged', 'invocies', 'invoices'],
      ['two misspelt words', 'custmer ordr', 'dim_customer_orders'],
      ['two misspelt words, one with letters exchanged', 'custmer ordres', 'dim_customer_orders'],
    ])('%s: "%s"', async (_what, text, expected) => {
      expect(await names(text)).toContain(expected);
    });

    test('nothing for what stands nowhere', async () => {
      expect(await search('zygomorphic')).toMatchObject({ hits: [], total: 0, totalIsExact: true });
    });

    test('a guid, before everything else', async () => {
      expect((await names(ORDERS.guid))[0]).toBe('dim_customer_orders');
    });

    test('a whole document, ready to be shown', async () => {
      expect((await search('dim_customer_orders')).hits[0]?.document).toEqual(ORDERS);
    });

    test('and says which words it searched instead of misspelt ones', async () => {
      expect((await search('custmer ordr')).correctedTo).toMatch(/^customer orders?$/);
      expect((await search('customer ord')).correctedTo).toBeUndefined();
    });

    test('does not read a number as a misspelling of another', async () => {
      await put(tableDocument({ name: 'sales_2019' }));
      expect(await names('2018')).toEqual([]);
    });
  });

  describe('ranks', () => {
    test('exact name, then beginning, then words of the name, then columns, then comments', async () => {
      await put(
        tableDocument({ name: 'about', comment: 'everything on payment' }),
        tableDocument({ name: 'ledger', columnNames: ['payment'] }),
        tableDocument({ name: 'daily_payment' }),
        tableDocument({ name: 'payment_methods' }),
        tableDocument({ name: 'payment' }),
      );
      expect(await names('payment')).toEqual(['payment', 'payment_methods', 'daily_payment', 'ledger', 'about']);
    });

    test('tables before schemas of the same name', async () => {
      await put(
        tableDocument({
          name: 'billing',
          kind: 'schema',
          type: 'SCHEMA',
          qualifiedName: 'shop.billing',
          schema: 'billing',
        }),
        tableDocument({ name: 'billing' }),
      );
      expect((await search('billing')).hits.map(({ document }) => document.kind)).toEqual(['table', 'schema']);
    });

    test('finds a database by its own name among what it holds, misspelt too, and only for who may see it', async () => {
      const database = {
        kind: 'database' as const,
        type: 'DATABASE',
        schema: null,
        columnNames: [],
        columnComments: [],
      };
      await put(
        tableDocument({ ...database, name: 'warehouse', database: 'warehouse', visibleTo: '17' }),
        tableDocument({ name: 'warehouse', database: 'warehouse', visibleTo: '17' }),
        tableDocument({ ...database, name: 'warehouse_test', database: 'warehouse_test', visibleTo: '18' }),
      );
      const only = { filters: { kind: ['database'] } };
      expect(await names('warehouse', only)).toEqual(['warehouse', 'warehouse_test']);
      expect(await names('warehosue', { ...only, visibleTo: ['17'] })).toEqual(['warehouse']);
      expect(await search('warehouse', { ...only, visibleTo: ['19'] })).toMatchObject({ hits: [], total: 0 });
    });

    test('what is opened more before its equals, and not before better matches', async () => {
      await put(
        tableDocument({ name: 'stock_a', popularity: 0 }),
        tableDocument({ name: 'stock_of_shops', popularity: 40 }),
        tableDocument({ name: 'old_goods', columnNames: ['stock'], popularity: 5_000 }),
      );
      expect(await names('stock')).toEqual(['stock_of_shops', 'stock_a', 'old_goods']);
    });

    test('what changed last first, when nothing is typed', async () => {
      const at = Date.UTC(2026, 5, 1);
      await put(
        tableDocument({ name: 'old', changedAt: at }),
        tableDocument({ name: 'new', changedAt: at + 2_000 }),
        tableDocument({ name: 'middle', changedAt: at + 1_000 }),
      );
      expect(await names('')).toEqual(['new', 'middle', 'old']);
      expect(await names('   ')).toEqual(['new', 'middle', 'old']);
    });
  });

  describe('finds columns as themselves', () => {
    const columns = (text: string, request: Partial<SearchRequest> = {}) =>
      search(text, { within: 'columns', ...request });
    beforeEach(() =>
      put(
        tableDocument({ name: 'receipts', columnNames: ['id', 'customer_email', 'paid_at'] }),
        tableDocument({ name: 'customer_email', columnNames: ['id', 'value'] }),
        tableDocument({ name: 'letters', columnNames: ['emailOfCustomer'], visibleTo: 'workspace:w2' }),
        tableDocument({ name: 'noted', columnNames: ['id'], comment: 'a customer_email is asked for' }),
      ),
    );

    test('in tables that have them, and in no other place', async () => {
      const answer = await columns('customer_email');
      expect(answer.hits.map(({ document }) => document.name).sort()).toEqual(['letters', 'receipts']);
      expect(answer.total).toBe(2);
      const fields = answer.hits.flatMap(fieldsOf).map(({ name, ordinal }) => `${name} ${ordinal}`);
      expect(fields.sort()).toEqual(['customer_email 2', 'emailOfCustomer 1']);
    });

    test('while they are typed, and misspelt', async () => {
      for (const text of ['customer ema', 'custmer_email'])
        expect((await columns(text)).hits.map(({ document }) => document.name).sort()).toEqual(['letters', 'receipts']);
    });

    test('where the searcher may see the table', async () => {
      const answer = await columns('customer_email', { visibleTo: ['tenant'], facets: ['type'] });
      expect(answer.hits.map(({ document }) => document.name)).toEqual(['receipts']);
      expect(byValue(answer.facets.type)).toEqual({ TABLE: 1 });
    });
  });

  describe('marks', () => {
    const marked = (answer: SearchAnswer, field: string) =>
      answer.hits[0]?.highlights
        .filter((highlight) => highlight.field === field)
        .map(({ segments }) => segments.map(({ text, match }) => (match ? `[${text}]` : text)).join(''));

    test('the matching part of a name', async () => {
      await put(tableDocument({ name: 'dim_customer_orders' }));
      expect(marked(await search('customer ord'), 'name')).toEqual(['dim_[customer]_[ord]ers']);
    });

    test('which column matched', async () => {
      await put(tableDocument({ name: 'receipts', columnNames: ['id', 'customer_email', 'total'] }));
      expect(marked(await search('email'), 'column')).toEqual(['customer_[email]']);
    });

    test('what was meant by a misspelt word', async () => {
      await put(tableDocument({ name: 'dim_customer' }));
      expect(marked(await search('custmer'), 'name')?.[0]).toMatch(/^dim_\[custome?r?\](er|r)?$/);
    });

    test('text that looks like HTML as text', async () => {
      await put(tableDocument({ name: 'x1', comment: '<b>alert</b> & <script>raise()</script>' }));
      expect(marked(await search('alert'), 'comment')).toEqual(['<b>[alert]</b> & <script>raise()</script>']);
    });

    test('an excerpt of a long comment', async () => {
      await put(tableDocument({ name: 'long', comment: `${'filler '.repeat(200)}needle ${'filler '.repeat(200)}` }));
      const [comment] = marked(await search('needle'), 'comment') ?? [];
      expect(comment).toContain('[needle]');
      expect(comment?.length).toBeLessThan(600);
    });
  });

  describe('counts', () => {
    const OTHER_WORKSPACE = { workspaceId: '7e0a4a36-0000-4000-8000-0000000000a2', workspaceName: 'Finance' };
    beforeEach(() =>
      put(
        tableDocument({ name: 'orders_a', type: 'TABLE', comment: 'said' }),
        tableDocument({ name: 'orders_b', type: 'TABLE', sourceType: 'mysql', schema: null }),
        tableDocument({ name: 'orders_c', type: 'VIEW', ...OTHER_WORKSPACE }),
        tableDocument({ name: 'orders_d', type: 'VIEW', sourceType: 'mysql', schema: null, owner: null }),
        tableDocument({ name: 'customers', type: 'VIEW' }),
      ),
    );

    test('the values of each facet among what matches', async () => {
      const { facets, total } = await search('orders', {
        facets: ['type', 'sourceType', 'schema', 'owner', 'hasDescription'],
      });
      expect(total).toBe(4);
      expect(byValue(facets.type)).toEqual({ TABLE: 2, VIEW: 2 });
      expect(byValue(facets.sourceType)).toEqual({ postgresql: 2, mysql: 2 });
      expect(byValue(facets.schema)).toEqual({ public: 2 });
      expect(byValue(facets.owner)).toEqual({ app: 3 });
      expect(byValue(facets.hasDescription)).toEqual({ true: 1, false: 3 });
    });

    test('each facet without its own filter, and with the others', async () => {
      const { facets, hits, total } = await search('orders', {
        filters: { type: ['VIEW'], sourceType: ['mysql'] },
        facets: ['type', 'sourceType', 'kind'],
      });
      expect(hits.map(({ document }) => document.name)).toEqual(['orders_d']);
      expect(total).toBe(1);
      expect(byValue(facets.type)).toEqual({ TABLE: 1, VIEW: 1 });
      expect(byValue(facets.sourceType)).toEqual({ postgresql: 1, mysql: 1 });
      expect(byValue(facets.kind)).toEqual({ table: 1 });
    });

    test('facets of everything when nothing is typed', async () => {
      const { facets, total } = await search('', { facets: ['type'], filters: { sourceType: ['postgresql'] } });
      expect(total).toBe(3);
      expect(byValue(facets.type)).toEqual({ TABLE: 1, VIEW: 2 });
    });

    test('facets of ids with the names people know', async () => {
      const { facets } = await search('orders', { facets: ['workspaceId'] });
      expect(facets.workspaceId).toEqual([
        { value: '7e0a4a36-0000-4000-8000-0000000000a1', label: 'Sales', count: 3 },
        { value: OTHER_WORKSPACE.workspaceId, label: 'Finance', count: 1 },
      ]);
    });

    test('tags, each with what has it among others', async () => {
      await put(
        tableDocument({ name: 'orders_e', tags: ['Personal data', 'gold'] }),
        tableDocument({ name: 'orders_f', tags: ['gold'], type: 'VIEW' }),
      );
      const { facets, total } = await search('orders', { facets: ['tag', 'type'], filters: { tag: ['gold'] } });
      expect(total).toBe(2);
      expect(byValue(facets.tag)).toEqual({ gold: 2, 'Personal data': 1 });
      expect(byValue(facets.type)).toEqual({ TABLE: 1, VIEW: 1 });
      expect(await names('orders', { filters: { tag: ['Personal data', 'none of them'] } })).toEqual(['orders_e']);
      expect(await names('', { filters: { tag: ['personal'] } })).toEqual([]);
    });

    test('what has lineage', async () => {
      await put(tableDocument({ name: 'orders_g', hasLineage: true }));
      const { facets } = await search('orders', { facets: ['hasLineage'], filters: { hasLineage: ['true'] } });
      expect(byValue(facets.hasLineage)).toEqual({ true: 1, false: 4 });
      expect(await names('orders', { filters: { hasLineage: ['true'] } })).toEqual(['orders_g']);
    });

    test('how long ago something changed, each value reaching to now', async () => {
      const day = 86_400_000;
      const ages = [0, 3, 20, 200, 800];
      await put(...ages.map((days) => tableDocument({ name: `aged_${days}`, changedAt: Date.now() - days * day })));
      for (const text of ['aged', ''])
        expect(
          byValue((await search(text, { facets: ['updated'], filters: { schema: ['public'] } })).facets.updated),
        ).toMatchObject({ today: 1, '7d': 2, '30d': 3, older: 1 });
      const recent = await search('aged', {
        facets: ['updated', 'type'],
        filters: { updated: ['7d'], type: ['TABLE'] },
      });
      expect(recent.hits.map(({ document }) => document.name).sort()).toEqual(['aged_0', 'aged_3']);
      expect(recent.total).toBe(2);
      expect(byValue(recent.facets.updated)).toEqual({ today: 1, '7d': 2, '30d': 3, '1y': 4, older: 1 });
      expect(byValue(recent.facets.type)).toEqual({ TABLE: 2 });
      expect((await names('aged', { filters: { updated: ['older', 'today'] } })).sort()).toEqual([
        'aged_0',
        'aged_800',
      ]);
      expect(await names('aged', { filters: { updated: [] } })).toEqual([]);
      expect(await search('', { filters: { updated: ['30d'] } })).toMatchObject({ total: 3, totalIsExact: true });
    });

    test('visibility as it stands now, without indexing again', async () => {
      await put(tableDocument({ name: 'orders_h', visibleTo: 'database 2' }));
      const asked = { facets: ['visibility', 'kind'] as const, publicMarks: ['tenant'] };
      const { facets } = await search('orders', { ...asked, filters: { visibility: ['workspace'] } });
      expect(byValue(facets.visibility)).toEqual({ tenant: 4, workspace: 1 });
      expect(byValue(facets.kind)).toEqual({ table: 1 });
      expect(await names('orders', { ...asked, filters: { visibility: ['workspace'] } })).toEqual(['orders_h']);
      const member = await search('', { ...asked, visibleTo: ['tenant'], filters: { visibility: ['tenant'] } });
      expect(byValue(member.facets.visibility)).toEqual({ tenant: 5 });
      const opened = await search('orders', { ...asked, publicMarks: ['tenant', 'database 2'] });
      expect(byValue(opened.facets.visibility)).toEqual({ tenant: 5 });
    });

    test('several values of one filter as either', async () => {
      expect(await names('orders', { filters: { type: ['VIEW', 'TABLE'] } })).toHaveLength(4);
      expect(await names('orders', { filters: { hasDescription: ['true'] } })).toEqual(['orders_a']);
      expect(await names('orders', { filters: { type: [] } })).toEqual([]);
    });

    test('values with quotes and backslashes as they are', async () => {
      const owner = `o'"\\ AND kind = 'x`;
      await put(tableDocument({ name: 'odd', owner }));
      expect(await names('odd', { filters: { owner: [owner] } })).toEqual(['odd']);
      expect(await names('odd', { filters: { owner: [`${owner}x`] } })).toEqual([]);
    });
  });

  describe('keeps from a searcher what they may not see:', () => {
    const HIDDEN = tableDocument({
      name: 'secret_acquisition',
      visibleTo: 'workspace:w2',
      type: 'VIEW',
      columnNames: ['confidential_price'],
    });
    const member = { visibleTo: ['tenant', 'workspace:w1'] };
    beforeEach(() =>
      put(
        HIDDEN,
        tableDocument({ name: 'acquisitions_public', visibleTo: 'tenant' }),
        tableDocument({ name: 'acquisition_of_w1', visibleTo: 'workspace:w1' }),
      ),
    );

    test('hits, totals and facets', async () => {
      const answer = await search('acquisition', { ...member, facets: ['type'] });
      expect(answer.hits.map(({ document }) => document.name).sort()).toEqual([
        'acquisition_of_w1',
        'acquisitions_public',
      ]);
      expect(answer.total).toBe(2);
      expect(byValue(answer.facets.type)).toEqual({ TABLE: 2 });
      expect((await search('acquisition')).total).toBe(3);
    });

    test('the same when nothing is typed', async () => {
      const answer = await search('', { ...member, facets: ['type'] });
      expect(answer.total).toBe(2);
      expect(byValue(answer.facets.type)).toEqual({ TABLE: 2 });
    });

    test('facets with a filter on something hidden', async () => {
      const answer = await search('acquisition', { ...member, filters: { type: ['VIEW'] }, facets: ['type'] });
      expect(answer.total).toBe(0);
      expect(byValue(answer.facets.type)).toEqual({ TABLE: 2 });
    });

    test('its guid and its exact name', async () => {
      expect(await names(HIDDEN.guid, member)).not.toContain('secret_acquisition');
      expect(await names('secret_acquisition', member)).not.toContain('secret_acquisition');
    });

    test('corrections to words that stand in hidden documents only', async () => {
      expect(await search('confidental', member)).toMatchObject({ hits: [], total: 0 });
      expect((await search('confidental', member)).correctedTo).toBeUndefined();
      expect((await search('confidental')).hits).toHaveLength(1);
    });

    test('that a misspelling is a word of a hidden document', async () => {
      await put(
        tableDocument({ name: 'saleries', visibleTo: 'workspace:w2' }),
        tableDocument({ name: 'salaries', visibleTo: 'tenant' }),
      );
      expect(await names('saleries', member)).toEqual(['salaries']);
    });

    test('that many words of hidden documents are nearer to a misspelt one', async () => {
      const hidden = [...'abcdefghijklmnopqrstuvwxyz'].map((letter) =>
        tableDocument({ name: `payrol${letter}`, visibleTo: 'workspace:w2' }),
      );
      await put(...hidden, tableDocument({ name: 'payrolls', visibleTo: 'tenant' }));
      expect(await names('payrols', member)).toEqual(['payrolls']);
    });

    test('everything from who may see nothing', async () => {
      expect(await search('', { visibleTo: [], facets: ['type'] })).toMatchObject({
        hits: [],
        total: 0,
        facets: { type: [] },
      });
      expect(await names('acquisition', { visibleTo: [] })).toEqual([]);
    });
  });

  describe('while somebody types', () => {
    const suggested = async (text: string, request: Partial<SearchRequest> = {}) =>
      (await search(text, { onlyBest: true, limit: 5, ...request })).hits.map(({ document }) => document.name);
    const SUGGESTED = [
      tableDocument({ name: 'payment' }),
      tableDocument({ name: 'payment_methods' }),
      tableDocument({ name: 'daily_payment', popularity: 40 }),
      tableDocument({ name: 'daily_payment_errors' }),
      tableDocument({ name: 'ledger', columnNames: ['payment'] }),
      tableDocument({ name: 'about', comment: 'everything on payment' }),
      tableDocument({ name: 'payment_of_w2', visibleTo: 'workspace:w2' }),
      ...Array.from({ length: 120 }, (_, n) => tableDocument({ name: `filler_${n}` })),
    ];
    beforeEach(() => put(...SUGGESTED));

    test.each([
      'p',
      'pa',
      'paym',
      'payment',
      'daily pay',
      'payment dai',
      'about',
      'paymnt',
      'daily paymnt',
      'fill',
      '12',
    ])('finds for "%s" what a search finds first, in its order', async (text) => {
      for (const visibleTo of ['everything', ['tenant'], ['workspace:w2']] as const)
        expect(await suggested(text, { visibleTo })).toEqual(await names(text, { visibleTo, limit: 5 }));
    });

    test('says what was searched instead, and nothing of what may not be seen', async () => {
      expect((await search('ledgr', { onlyBest: true })).correctedTo).toBe('ledger');
      expect(await suggested('payment_of_w2', { visibleTo: ['tenant'] })).not.toContain('payment_of_w2');
      expect(await search('zygomorphic', { onlyBest: true })).toMatchObject({ hits: [], total: 0 });
    });
  });

  describe('after a write', () => {
    test('a changed document is found by its new words only', async () => {
      const before = tableDocument({ name: 'oldish_thing' });
      await put(before);
      await put({ ...before, name: 'fresh_object' });
      expect(await names('fresh')).toEqual(['fresh_object']);
      expect(await names('oldish')).toEqual([]);
      expect((await search('')).total).toBe(1);
    });

    test('a removed document is gone, and its words correct nothing', async () => {
      const document = tableDocument({ name: 'quarterly_forecast' });
      await put(document, tableDocument({ name: 'other' }));
      await index.write({ put: [], remove: [document.id, 'never-there'] });
      expect(await names('quarterly')).toEqual([]);
      expect((await search('quartrly')).correctedTo).toBeUndefined();
      expect(await names('')).toEqual(['other']);
    });

    test('a document that became hidden is hidden at once', async () => {
      const document = tableDocument({ name: 'budget', visibleTo: 'tenant' });
      await put(document);
      await put({ ...document, visibleTo: 'workspace:w9' });
      expect(await names('budget', { visibleTo: ['tenant'] })).toEqual([]);
      expect(await names('budget', { visibleTo: ['workspace:w9'] })).toEqual(['budget']);
    });

    test('putting and removing in one go, repeats and nothing at all are fine', async () => {
      const leaving = tableDocument({ name: 'leaving' });
      const staying = tableDocument({ name: 'staying' });
      await put(leaving);
      await index.write({ put: [staying, staying], remove: [leaving.id, leaving.id] });
      await index.write({ put: [], remove: [] });
      expect(await names('')).toEqual(['staying']);
    });

    test('several writers at once leave every document', async () => {
      const documents = Array.from({ length: 40 }, (_, n) => tableDocument({ name: `shared_word_${n}` }));
      await Promise.all([0, 10, 20, 30].map((from) => put(...documents.slice(from, from + 10))));
      expect((await search('shared word', { limit: 100 })).total).toBe(40);
    });

    test('a very wide table is found by any of its columns', async () => {
      const columnNames = Array.from({ length: 1_600 }, (_, n) => `measure_${n}_reading`);
      await put(tableDocument({ name: 'wide', columnNames, columnComments: columnNames.map(() => '') }));
      expect(await names('measure_1599_reading')).toEqual(['wide']);
    });
  });

  describe('pages', () => {
    const walk = async (text: string, limit: number) => {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const answer: SearchAnswer = await search(text, { limit, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...answer.hits.map(({ document }) => document.id));
        cursor = answer.nextCursor;
      } while (cursor !== undefined);
      return seen;
    };
    const documents = Array.from({ length: 57 }, (_, n) =>
      tableDocument({
        name: n % 3 === 0 ? `report_${n}` : `thing_${n}`,
        columnNames: n % 2 === 0 ? ['report'] : ['id'],
        comment: 'a report',
        changedAt: Date.UTC(2026, 0, 1) + (n % 5) * 1_000,
      }),
    );
    beforeEach(() => put(...documents));

    test.each([['report'], ['']])(
      'through all hits of "%s" without repeats or gaps, in the order of one page',
      async (text) => {
        const whole = (await search(text, { limit: 100 })).hits.map(({ document }) => document.id);
        expect(whole).toHaveLength(57);
        expect(await walk(text, 10)).toEqual(whole);
      },
    );

    test('and gives no cursor when there is no further page', async () => {
      expect((await search('report', { limit: 57 })).nextCursor).toBeUndefined();
      expect((await search('report', { limit: 56 })).nextCursor).toBeDefined();
    });

    test.each([
      ['nonsense', '%%%'],
      ['an empty word', ''],
      ['JSON of another shape', Buffer.from('{"a":1}').toString('base64url')],
      ['numbers that are none', Buffer.from('["x","y",{}]').toString('base64url')],
    ])('a cursor that is %s is refused', async (_what, cursor) => {
      await expect(search('report', { cursor })).rejects.toThrow(InvalidCursor);
    });

    test('a cursor of another search is refused', async () => {
      const { nextCursor } = await search('report', { limit: 5 });
      await expect(search('thing', { cursor: nextCursor as string })).rejects.toThrow(InvalidCursor);
    });
  });

  describe('a rebuild', () => {
    test('replaces everything and says how much there is', async () => {
      await put(tableDocument({ name: 'before_rebuild' }));
      const documents = Array.from({ length: 25 }, (_, n) => tableDocument({ name: `rebuilt_${n}` }));
      expect(await index.rebuild(pages([documents.slice(0, 20), documents.slice(20)]))).toBe(25);
      expect(await names('before')).toEqual([]);
      expect((await search('rebuilt')).total).toBe(25);
    });

    test('never leaves search empty meanwhile', async () => {
      const document = tableDocument({ name: 'always_there' });
      await put(document);
      let rebuilding = true;
      const rebuild = index.rebuild(slowPages(Array.from({ length: 5 }, () => [document]))).finally(() => {
        rebuilding = false;
      });
      let searches = 0;
      while (rebuilding) {
        expect(await names('always')).toEqual(['always_there']);
        searches += 1;
      }
      await rebuild;
      expect(searches).toBeGreaterThan(3);
      expect(await names('always')).toEqual(['always_there']);
    });

    test('that fails leaves the index as it was', async () => {
      await put(tableDocument({ name: 'survivor' }));
      const failing = async function* () {
        yield [tableDocument({ name: 'half' })];
        throw new Error('the catalog went away');
      };
      await expect(index.rebuild(failing())).rejects.toThrow('the catalog went away');
      expect(await names('')).toEqual(['survivor']);
      expect(await index.rebuild(pages([[tableDocument({ name: 'second_try' })]]))).toBe(1);
    });
  });

  test.each([
    ['a statement', "'; DROP TABLE search_document; --"],
    ['a prefix operator', 'foo:*'],
    ['operators alone', '& | !'],
    ['one operator', '!!!'],
    ['a whole query', 'a & b | !(c)'],
    ['quotation marks', `'quoted' "twice" \\ back\\slash`],
    ['a NUL', '\u0000 nul'],
    ['emoji', '🦀 🎉'],
    ['half a surrogate pair', '\ud800 half a pair'],
    ['wildcards', '%_%'],
    ["the index's own marks", 'n/orders g/x t/y'],
    ['phrase operators', '<-> <2>'],
    ['dots', '...'],
    ['one word of 10,000 letters', 'x'.repeat(10_000)],
    ['2,000 words', 'many words '.repeat(1_000)],
    ['6,000 Chinese characters', '订单'.repeat(3_000)],
    ['many single letters', 'a b c d e f g h i j k l m n o p q r s t'],
    ['names of the language', '__proto__ constructor'],
  ])('answers strange text without failing: %s', async (_what, text) => {
    await put(tableDocument({ name: 'orders', comment: Buffer.from(text).toString().replaceAll('\0', '') }));
    const answer = await search(text, { facets: ['type'] });
    expect(answer.totalIsExact).toBe(true);
    expect(await names('orders')).toContain('orders');
  });

  test('says that it is well', async () => {
    expect(await index.health()).toEqual({ ok: true });
    await index.prepare();
  });
});

function byValue(facet: { value: string; count: number }[] | undefined): Record<string, number> {
  return Object.fromEntries((facet ?? []).map(({ value, count }) => [value, count]));
}

async function* pages(documents: SearchDocument[][]): AsyncGenerator<SearchDocument[]> {
  yield* documents;
}

/** Lets other work in between pages, as a catalog does. */
async function* slowPages(documents: SearchDocument[][]): AsyncGenerator<SearchDocument[]> {
  for (const page of documents) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    yield page;
  }
}
