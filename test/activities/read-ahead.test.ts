import { expect, test } from 'vitest';
import { readAhead } from '../../activities/read-ahead.js';

const keys = (count: number) => Array.from({ length: count }, (_, index) => String(index));
/** What is kept of a page in which each table has so many columns. */
const pageOf = (listed: readonly string[], columns: number) => ({
  listed,
  width: { tables: listed.length, columns: listed.length * columns },
});

/** A source that notes what it was asked for. */
function source(columns: number) {
  const sizes: number[] = [];
  return {
    sizes,
    read: async (listed: readonly string[]) => {
      sizes.push(listed.length);
      return pageOf(listed, columns);
    },
  };
}

test('pages hold a thousand tables, in order, each once', async () => {
  const { sizes, read } = source(2);
  const seen: string[] = [];
  for await (const { listed } of readAhead(keys(2_500), read)) seen.push(...listed);
  expect(seen).toEqual(keys(2_500));
  expect(sizes).toEqual([1_000, 1_000, 500]);
});

test('after a page of wide tables the next ones are smaller', async () => {
  const { sizes, read } = source(100);
  for await (const _ of readAhead(keys(2_100), read));
  expect(sizes).toEqual([1_000, 500, 500, 100]);
});

test('the next page is asked for before the last one is consumed, and no more than one', async () => {
  const { sizes, read } = source(2);
  const pages = readAhead(keys(5_000), read);
  await pages.next();
  expect(sizes).toHaveLength(2);
  await pages.next();
  expect(sizes).toHaveLength(3);
  await pages.return(undefined);
  expect(sizes).toHaveLength(3);
});

test('a page that fails ahead of its turn is told when its turn comes', async () => {
  let reads = 0;
  const read = async (listed: readonly string[]) => {
    reads += 1;
    if (reads === 2) throw new Error('the source broke off');
    return pageOf(listed, 2);
  };
  const pages = readAhead(keys(3_000), read);
  expect((await pages.next()).done).toBe(false);
  await expect(pages.next()).rejects.toThrow('the source broke off');
});
