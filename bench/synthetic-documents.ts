import type { SearchDocument } from '../search/port.js';

const WORDS =
  `customer order payment invoice shipment product inventory price discount campaign channel session event click device account
   contract supplier warehouse transfer refund coupon loyalty member address region country currency rate tax ledger journal budget
   forecast salary employee department shift vacation candidate interview training asset machine sensor reading alarm ticket agent
   message template notification consent policy claim premium patient visit diagnosis recipe ingredient booking flight hotel guest
   vehicle driver route stop delivery parcel return quality defect batch material supplier plant order line`.split(
    /\s+/,
  );
const LAYERS = ['ods', 'dwd', 'dws', 'dim', 'fact', 'ads', 'stg', 'tmp'];
const ENDINGS = ['daily', 'hourly', 'history', 'snapshot', 'detail', 'summary', 'log', 'map', 'v2', 'backup'];
const COLUMNS = ['id', 'code', 'name', 'type', 'status', 'created_at', 'updated_at', 'amount', 'quantity', 'owner'];
const CHINESE = ['客户', '订单', '支付', '退款', '库存', '会员', '物流', '营销', '渠道', '供应商', '合同', '员工'];

const DATABASES = 200;
export const WORKSPACES = 40;

/** A database that documents are of. Its id is what decides who may see them. */
export interface SyntheticDatabase {
  id: string;
  name: string;
  /** The workspace that owns it, counted from 0. */
  workspace: number;
  /** Whether everybody of the tenant may see it: one in ten. */
  isPublic: boolean;
}

/** All databases, five to a workspace. */
export const SYNTHETIC_DATABASES: readonly SyntheticDatabase[] = Array.from({ length: DATABASES }, (_, n) => ({
  id: String(n + 1),
  name: `db_${n}`,
  workspace: n % WORKSPACES,
  isPublic: n % 10 === 0,
}));

/** The ids of the databases that a member of one workspace may see: its own and the public ones. An eighth of all, about. */
export function seenFrom(workspace: number): string[] {
  return SYNTHETIC_DATABASES.filter((each) => each.isPublic || each.workspace === workspace).map(({ id }) => id);
}

/** Documents of tables with names that read like real ones, twenty columns each, in pages; the same in each run. */
export async function* syntheticDocuments(count: number, pageSize = 2_000): AsyncGenerator<SearchDocument[]> {
  for (let from = 0; from < count; from += pageSize)
    yield Array.from({ length: Math.min(pageSize, count - from) }, (_, n) => documentOf(from + n));
}

/** Texts to search for, by kind: names as typed, with a mistake, and Chinese words. */
export function phrases(count: number, seed = 0): Record<string, string[]> {
  const words = Array.from({ length: count }, (_, n) => {
    const next = randomOf(seed * 7_919 + n * 31 + 5);
    return `${pick(WORDS, next)} ${pick(WORDS, next)}${n % 2 === 0 ? ` ${pick(ENDINGS, next)}` : ''}`;
  });
  return {
    words,
    'a letter left out': words.map((text) => text.slice(0, 3) + text.slice(4)),
    'letters exchanged': words.map((text) => `${text.slice(0, 2)}${text[3]}${text[2]}${text.slice(4)}`),
    chinese: words.map((_, n) => `${CHINESE[n % CHINESE.length]}${CHINESE[(n * 5 + 1) % CHINESE.length]}`),
  };
}

function documentOf(n: number): SearchDocument {
  const next = randomOf(n + 1);
  const words = [pick(WORDS, next), pick(WORDS, next)];
  const name = [pick(LAYERS, next), ...words, pick(ENDINGS, next), ...(n % 3 === 0 ? [String(n % 1_000)] : [])].join(
    '_',
  );
  const schema = pick(WORDS, next);
  const { id: visibleTo, name: database, workspace } = SYNTHETIC_DATABASES[n % DATABASES] as SyntheticDatabase;
  return {
    id: String(n + 1),
    guid: `postgresql-table:db.example%3A5432::${database}:${schema}:${name}:${n}`,
    kind: 'table',
    type: n % 9 === 0 ? 'VIEW' : 'TABLE',
    name,
    qualifiedName: `${database}.${schema}.${name}`,
    sourceType: n % 4 === 0 ? 'mysql' : 'postgresql',
    dataSourceId: `source-${n % 50}`,
    dataSourceName: `Source ${n % 50}`,
    workspaceId: `workspace-${workspace}`,
    workspaceName: `Workspace ${workspace}`,
    crawlerId: `crawler-${n % 50}`,
    database,
    schema,
    owner: `team_${n % 30}`,
    comment: `${pick(CHINESE, next)}${pick(CHINESE, next)}数据，${words.join(' ')} of the ${schema} team`,
    description: null,
    tags: [],
    hasLineage: false,
    columnNames: Array.from({ length: 20 }, () => `${pick(WORDS, next)}_${pick(COLUMNS, next)}`),
    columnComments: Array.from({ length: 20 }, () => ''),
    visibleTo,
    popularity: 0,
    changedAt: Date.UTC(2026, 0, 1) + n * 1_000,
  };
}

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<T>(of: readonly T[], next: () => number): T {
  return of[Math.floor(next() * of.length)] as T;
}
