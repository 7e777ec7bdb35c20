import type { Client, Query } from './client.js';

interface Page<Item> {
  items: Item[];
  nextCursor?: string;
}

/** Reads a list to its end, page by page. */
export async function* everyItem<Item>(client: Client, path: string, query: Query = {}): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page: Page<Item> = await client.get(path, { ...query, cursor });
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** The first item that fits; stops reading there. */
export async function findItem<Item>(
  client: Client,
  path: string,
  query: Query,
  fits: (item: Item) => boolean,
): Promise<Item | undefined> {
  for await (const item of everyItem<Item>(client, path, query)) if (fits(item)) return item;
  return undefined;
}
