/** What `datamap up` is told. */
export interface UpOptions {
  port?: number;
  dataDir: string;
  sample: boolean;
  open: boolean;
  watch?: boolean;
  search: SearchChoice;
}

/** Which engine answers search: `auto` takes a Meilisearch that is named by MEILI_URL or is on the PATH, else PostgreSQL. */
export const SEARCH_CHOICES = ['auto', 'postgresql', 'meilisearch'] as const;
export type SearchChoice = (typeof SEARCH_CHOICES)[number];
