import { setTimeout as delay } from 'node:timers/promises';
import { FACETS, type SearchIndex, type SearchRequest } from '../search/port.js';
import { phrases, SYNTHETIC_DATABASES, seenFrom, WORKSPACES } from './synthetic-documents.js';

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
  /** The same of the process that asks the server. */
  own: number;
}

/** Milliseconds of processor time taken so far, by the server and by the process that asks it. */
export interface Clocks {
  server(): number;
  own(): number;
}

/** Words that stand in a part of all names; and one that stands in the texts of all documents. */
const COMMON = ['customer', 'order', 'daily', 'dim', 'customer order', 'of the team', 'material', 'supplier detail'];

/** Half of the databases that hold something, and many that hold nothing: a person may see thousands, and finds what is in some. */
const MANY = [
  ...SYNTHETIC_DATABASES.filter(({ workspace }) => workspace < WORKSPACES / 2).map(({ id }) => id),
  ...Array.from({ length: 10_000 }, (_, n) => String(1_000 + n)),
];

/**
 * Asks an index filled with the synthetic documents what people ask, each as a member of one of 40 workspaces, and as one
 * who may see ten thousand databases.
 */
export async function measureSearches(
  index: SearchIndex,
  { users, clocks, onlyTyping }: { users: number; clocks: Clocks; onlyTyping: boolean },
): Promise<Searches[]> {
  const suggest = async (text: string, person: number) => {
    await index.search(suggestion(text, person));
  };
  await type(suggest, users, 1);
  const measured = [await measure(clocks, `typing, ${users} at once`, () => type(suggest, users, NAMES_EACH))];
  if (onlyTyping) return measured;
  const texts: Record<string, string[]> = { ...phrases(EACH), 'common words': COMMON };
  const letters = (texts.words ?? []).slice(0, 10).flatMap((text) => beginnings(text));
  const each = async (kind: string, asked: readonly string[], request: (text: string, at: number) => SearchRequest) => {
    measured.push(await measure(clocks, kind, () => ask(index, asked, request)));
  };
  await each('suggested letter by letter', letters, suggestion);
  for (const [kind, asked] of Object.entries(texts)) await each(`suggested: ${kind}`, asked, suggestion);
  for (const [kind, asked] of Object.entries({ ...texts, prefixes: letters }))
    await each(`searched, no facets: ${kind}`, asked, withoutFacets);
  for (const [kind, asked] of Object.entries({ ...texts, prefixes: letters }))
    await each(`searched, all facets: ${kind}`, asked, search);
  const words = texts.words ?? [];
  await each('suggested letter by letter, 10,000 databases', letters, as(MANY, suggestion));
  await each('searched, no facets: words, 10,000 databases', words, as(MANY, withoutFacets));
  await each('searched, all facets: words, 10,000 databases', words, as(MANY, search));
  return measured;
}

/**
 * People who type at once, each letter of whom is asked over HTTP.
 * @param get what a person is answered; people are numbered as workspaces are
 */
export async function measureTyping(
  get: (text: string, person: number) => Promise<void>,
  { users, clocks, kind }: { users: number; clocks: Clocks; kind: string },
): Promise<Searches> {
  await type(get, users, 2);
  return measure(clocks, kind, () => type(get, users, NAMES_EACH));
}

async function measure(clocks: Clocks, kind: string, work: () => Promise<number[]>): Promise<Searches> {
  const [server, own] = [clocks.server(), clocks.own()];
  const times = await work();
  return {
    kind,
    times,
    server: (clocks.server() - server) / times.length,
    own: (clocks.own() - own) / times.length,
  };
}

async function type(
  ask: (text: string, person: number) => Promise<void>,
  users: number,
  names: number,
): Promise<number[]> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: users }, async (_, user) => {
      await delay((user / users) * PACE);
      for (const text of phrases(names, user + 1).words ?? [])
        for (const begun of beginnings(text)) {
          const began = performance.now();
          await ask(begun, user);
          const took = performance.now() - began;
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
  for (const [at, text] of texts.entries()) {
    const began = performance.now();
    await index.search(request(text, at));
    times.push(performance.now() - began);
  }
  return times;
}

function suggestion(text: string, person: number): SearchRequest {
  return { ...withoutFacets(text, person), limit: 8, onlyBest: true };
}

/** A page of hits, which are counted. */
function withoutFacets(text: string, person: number): SearchRequest {
  return { text, filters: {}, visibleTo: seenFrom(person % WORKSPACES), facets: [], limit: 20 };
}

/** A page of hits with all facets counted, as the search page asks. */
function search(text: string, person: number): SearchRequest {
  const publicMarks = SYNTHETIC_DATABASES.filter(({ isPublic }) => isPublic).map(({ id }) => id);
  return { ...withoutFacets(text, person), publicMarks, facets: [...FACETS] };
}

function as(visibleTo: string[], request: (text: string, at: number) => SearchRequest) {
  return (text: string, at: number): SearchRequest => ({ ...request(text, at), visibleTo });
}
