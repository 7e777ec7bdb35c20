import { setTimeout as delay } from 'node:timers/promises';
import { FACETS, type SearchIndex, type SearchRequest } from '../search/port.js';
import { AUDIENCES, phrases } from './synthetic-documents.js';

/** Each user types so many names, and each letter is asked about. */
const NAMES_EACH = 12;
/** Milliseconds between two letters: a fast typist. */
const PACE = 200;
/** How many of each kind are asked one after the other. */
const EACH = 100;

/** How long answers of one kind took, in milliseconds. */
export interface Searches {
  kind: string;
  times: number[];
  /** Milliseconds of the server's processor for one of them. */
  server: number;
}

/** Words that stand in a part of all names; and one that stands in the texts of all documents. */
const COMMON = ['customer', 'order', 'daily', 'dim', 'customer order', 'of the team', 'material', 'supplier detail'];

/** Marks of databases that hold nothing: a person may see thousands, and finds what is in some. */
const MANY = [...AUDIENCES.slice(0, 20), ...Array.from({ length: 10_000 }, (_, n) => `database:${n}`)];

/**
 * Asks an index filled with the synthetic documents what people ask, as people who see a few of 41 audiences, and as one
 * who may see ten thousand databases.
 * @param options.cpu milliseconds of processor time that the server has taken so far
 */
export async function measureSearches(
  index: SearchIndex,
  { users, cpu }: { users: number; cpu: () => number },
): Promise<Searches[]> {
  const measure = async (kind: string, work: () => Promise<number[]>): Promise<Searches> => {
    const before = cpu();
    const times = await work();
    return { kind, times, server: (cpu() - before) / times.length };
  };
  await type(index, users, 1);
  const measured = [await measure(`typing, ${users} at once`, () => type(index, users, NAMES_EACH))];
  const texts: Record<string, string[]> = { ...phrases(EACH), 'common words': COMMON };
  const letters = (texts.words ?? []).slice(0, 10).flatMap((text) => beginnings(text));
  const suggest = (asked: readonly string[], visibleTo?: string[]) =>
    ask(index, asked, (text, at) => ({ ...suggestion(text, at), ...(visibleTo === undefined ? {} : { visibleTo }) }));
  measured.push(await measure('suggested letter by letter', () => suggest(letters)));
  for (const [kind, asked] of Object.entries(texts))
    measured.push(await measure(`suggested: ${kind}`, () => suggest(asked)));
  for (const [kind, asked] of Object.entries({ ...texts, prefixes: letters }))
    measured.push(await measure(`searched: ${kind}`, () => ask(index, asked, search)));
  measured.push(
    await measure('suggested letter by letter, 10,000 databases', () => suggest(letters, MANY)),
    await measure('searched: words, 10,000 databases', () =>
      ask(index, texts.words ?? [], (text, at) => ({ ...search(text, at), visibleTo: MANY })),
    ),
  );
  return measured;
}

async function type(index: SearchIndex, users: number, names: number): Promise<number[]> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: users }, async (_, user) => {
      await delay((user / users) * PACE);
      for (const text of phrases(names, user + 1).words ?? [])
        for (const begun of beginnings(text)) {
          const took = await once(index, suggestion(begun, user));
          times.push(took);
          await delay(Math.max(0, PACE - took));
        }
    }),
  );
  return times;
}

/** What a text is while it is being typed, from two letters on. */
function beginnings(text: string): string[] {
  return Array.from({ length: text.length - 1 }, (_, at) => text.slice(0, at + 2));
}

async function ask(
  index: SearchIndex,
  texts: readonly string[],
  request: (text: string, at: number) => SearchRequest,
): Promise<number[]> {
  const times: number[] = [];
  for (const [at, text] of texts.entries()) times.push(await once(index, request(text, at)));
  return times;
}

async function once(index: SearchIndex, request: SearchRequest): Promise<number> {
  const began = performance.now();
  await index.search(request);
  return performance.now() - began;
}

function suggestion(text: string, person: number): SearchRequest {
  return { ...search(text, person), facets: [], limit: 8, onlyBest: true };
}

/** A page of hits with all facets counted, as the search page asks. */
function search(text: string, person: number): SearchRequest {
  const visibleTo = ['tenant', AUDIENCES[person % AUDIENCES.length] as string];
  return { text, filters: {}, visibleTo, publicMarks: ['tenant'], facets: [...FACETS], limit: 20 };
}
