/** What can be told of, by the words in which somebody asks for it. */
export const TOPICS = {
  runs: ['run.updated'],
  progress: ['run.progress'],
  crawlers: ['crawler.updated', 'crawler.deleted'],
  databases: ['database.added', 'database.updated', 'database.removed'],
  tables: ['tables.changed'],
  'connection-tests': ['connection-test.updated'],
  previews: ['preview.updated'],
  refreshes: ['refresh.updated'],
  'held-removals': ['held-removal.updated'],
  operations: ['operation.updated'],
} as const;
export type Topic = keyof typeof TOPICS;
export type EventType = (typeof TOPICS)[Topic][number];

export const ALL_TOPICS = Object.keys(TOPICS) as Topic[];

/** Something that happened. Of the three that it may belong to, one is set: they say who may be told. */
export interface MapEvent {
  /** Its place in the order in which events are told: grows, with gaps. Bigint as text. */
  position: string;
  at: Date;
  type: EventType;
  workspaceId: string | null;
  databaseId: string | null;
  personId: string | null;
  /** The crawler whose work it is, where it is one's. */
  crawlerId: string | null;
  data: Record<string, unknown>;
}
