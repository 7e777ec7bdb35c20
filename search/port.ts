/** What is indexed of one entity. Flat, and complete enough that a hit is shown without asking the catalog. */
export interface SearchDocument {
  /** The entity's id. */
  id: string;
  guid: string;
  kind: 'database' | 'schema' | 'table';
  /** TABLE, VIEW and so on; DATABASE and SCHEMA for those. */
  type: string;
  name: string;
  /** `database.schema.table` as people write it. */
  qualifiedName: string;
  sourceType: string;
  dataSourceId: string;
  dataSourceName: string;
  workspaceId: string;
  workspaceName: string;
  crawlerId: string;
  database: string;
  schema: string | null;
  /** The first that people named, else the source's. */
  owner: string | null;
  comment: string | null;
  description: string | null;
  /** People's, of the entity itself. */
  tags: string[];
  columnNames: string[];
  /** The source's words of each column, and people's. */
  columnComments: string[];
  /** Whether an edge of lineage comes to it or goes from it. */
  hasLineage: boolean;
  /** The id of its collected database, which decides who may find it. Compared with the searcher's list. */
  visibleTo: string;
  /** How often its page was opened, and how many edges of lineage it has; among equally good matches more comes first. */
  popularity: number;
  /** Milliseconds since 1970. */
  changedAt: number;
}

/** Popularity as it ranks: by powers of two, 0 to 15, so that one more click moves nothing. */
export function popularityRank({ popularity }: Pick<SearchDocument, 'popularity'>): number {
  return Math.min(15, Math.floor(Math.log2(popularity + 1)));
}

/** The fields a result can be narrowed by and counted over. */
export const FACETS = [
  'kind',
  'type',
  'sourceType',
  'dataSourceId',
  'workspaceId',
  'database',
  'schema',
  'owner',
  'hasDescription',
  'tag',
  'hasLineage',
  /** See updated.ts. */
  'updated',
  /** `tenant` or `workspace`, as it stands now: {@link SearchRequest.publicMarks}. */
  'visibility',
] as const;
export type Facet = (typeof FACETS)[number];

export interface SearchRequest {
  /** As typed; empty finds everything, newest first. */
  text: string;
  filters: Partial<Record<Facet, string[]>>;
  /** From access/: the values of `visibleTo` that this person may see, or everything for a tenant's admin. */
  visibleTo: readonly string[] | 'everything';
  facets: readonly Facet[];
  /** From access/: the values of `visibleTo` that are public in the tenant, where visibility is a filter or a facet. */
  publicMarks?: readonly string[];
  /** Looks in the names of columns alone, for columns as themselves; the hits are the tables that have them. */
  within?: 'columns';
  /**
   * Only the best hits, and soon, as while somebody types. There is no cursor, before or after, and `total` is what is
   * returned where counting costs time. Of a hit whose name matches nothing else is highlighted.
   */
  onlyBest?: true;
  /** Counts what is found, as facets and later pages do by themselves, where it takes longer than finding a page. */
  counted?: true;
  /** 1 to 100. */
  limit: number;
  /** Opaque, from an earlier answer. */
  cursor?: string;
}

/** Text cut where the match is; never HTML. */
export interface Segment {
  text: string;
  match: boolean;
}

export interface SearchHit {
  document: SearchDocument;
  /** Which field matched and how it reads, best first. */
  highlights: { field: 'name' | 'comment' | 'description' | 'column'; segments: Segment[] }[];
}

export interface SearchAnswer {
  hits: SearchHit[];
  /** Exact, or where `totalIsExact` is false a number that there are more than: 10,000, or of what was not counted the hits here. */
  total: number;
  totalIsExact: boolean;
  facets: Partial<Record<Facet, { value: string; label?: string; count: number }[]>>;
  nextCursor?: string;
  /** The words searched instead of what was typed, where a misspelt word was mapped onto a known one. */
  correctedTo?: string;
}

/** A search index. Two adapters keep it: PostgreSQL and Meilisearch; one contract test holds both to it. */
export interface SearchIndex {
  readonly engine: 'postgresql' | 'meilisearch';
  /** Creates or upgrades what the index needs. Idempotent. */
  prepare(): Promise<void>;
  /** What an index of its size needs from time to time. May take long, beside readers and writers; asked again, does nothing twice. */
  upkeep?(): Promise<void>;
  /**
   * Puts and deletes in one go and returns when both are searchable, not when they are accepted.
   * @param signal breaks it off where the engine is remote; what became of it is then unknown, and it is to be repeated
   */
  write(
    batch: { put: readonly SearchDocument[]; remove: readonly string[] },
    signal?: AbortSignal | undefined,
  ): Promise<void>;
  /** @param signal breaks it off, in the engine too; the promise is then rejected with the signal's reason, or fails */
  search(request: SearchRequest, signal?: AbortSignal | undefined): Promise<SearchAnswer>;
  /** Fills a new index beside the old and swaps: search is never empty meanwhile. Returns how many documents it holds. */
  rebuild(documents: AsyncIterable<readonly SearchDocument[]>): Promise<number>;
  health(): Promise<{ ok: true } | { ok: false; reason: string }>;
  close(): Promise<void>;
}

/** Thrown when the engine cannot be reached or refuses; the API answers 503 naming search. */
export class SearchUnavailable extends Error {
  readonly code = 'SEARCH_UNAVAILABLE';
  readonly remedy =
    'Check that the search engine is running and reachable; nothing is lost, the index catches up by itself.';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SearchUnavailable';
  }
}
