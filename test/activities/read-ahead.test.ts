import { expect, test } from 'vitest';
import { readAhead } from '../../activities/read-ahead.js';
import type { ReadPage } from '../../connectors/contract.js';
import { syntheticColumn, syntheticTable } from '../fakes/synthetic-table.js';

const keys = (count: number) => Array.from({ length: count }, (_, index) => String(index));
const together = (listed: readonly string[], page: ReadPage) => ({ listed, page });
const pageOf = (read: readonly string[], columns: number): ReadPage => ({
  tables: read.map((key) => {
    const table = syntheticTable(key, 'public', Number(key));
    const wide = Array.from({ length: columns }, (_, place) => syntheticColumn(place));
    return { ...table, structure: { ...table.structure, columns: wide } };
  }),
  problems: [],
  gone: [],
});

/** A reader that notes what it was asked for. */
function reader(columns: number) {
  const sizes: number[] = [];
  return {
    sizes,
    read: async (read: readonly string[]) => {
      sizes.push(read.length);
      return pageOf(read, columns);
    },
  };
}

test('pages hold a thousand tables, in order, each once', async () => {
  const source = reader(2);
  const seen: string[] = [];
  for await (const { listed, page } of readAhead(source, keys(2_500), (key) => key, together)) {
    expect(page.tables.map(({ key }) => key)).toEqual(listed);
    seen.push(...listed);
  }
  expect(seen).toEqual(keys(2_500));
  expect(source.sizes).toEqual([1_000, 1_000, 500]);
});

test('after a page of wide tables the next ones are smaller', async () => {
  const source = reader(100);
  for await (const _ of readAhead(source, keys(2_100), (key) => key, together));
  expect(source.sizes).toEqual([1_000, 500, 500, 100]);
});

test('the next page is asked for before the last one is consumed, and no more than one', async () => {
  const source = reader(2);
  const pages = readAhead(source, keys(5_000), (key) => key, together);
  await pages.next();
  expect(source.sizes).toHaveLength(2);
  await pages.next();
  expect(source.sizes).toHaveLength(3);
  await pages.return(undefined);
  expect(source.sizes).toHaveLength(3);
});

test('a page that fails ahead of its turn is told when its turn comes', async () => {
  let reads = 0;
  const failing = {
    read: async (read: readonly string[]) => {
      reads += 1;
      if (reads === 2) throw new Error('the source broke off');
      return pageOf(read, 2);
    },
  };
  const pages = readAhead(failing, keys(3_000), (key) => key, together);
  expect((await pages.next()).done).toBe(false);
  await expect(pages.next()).rejects.toThrow('the source broke off');
});

test('the source is asked for the next page before the last one is digested', async () => {
  const events: string[] = [];
  const source = {
    read: async (read: readonly string[]) => {
      events.push(`read ${read[0]}`);
      return pageOf(read, 2);
    },
  };
  const digest = (listed: readonly string[]) => {
    events.push(`digest ${listed[0]}`);
    return listed;
  };
  for await (const listed of readAhead(source, keys(3_000), (key) => key, digest)) events.push(`consume ${listed[0]}`);
  expect(events.indexOf('read 1000')).toBeLessThan(events.indexOf('digest 0'));
  expect(events.indexOf('digest 0')).toBeLessThan(events.indexOf('consume 0'));
  expect(events.indexOf('consume 0')).toBeLessThan(events.indexOf('read 2000'));
});
