import type { SearchIndex } from '../port.js';
export function createMeilisearchIndex(_: {
  url: string;
  key?: string | undefined;
  uid?: string;
}): SearchIndex & { drop(): Promise<void> } {
  throw new Error('later');
}
