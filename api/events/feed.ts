import { setTimeout as delay } from 'node:timers/promises';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { actorsSignedIn } from '../../access/actor.js';
import type { MapEvent } from '../../catalog/events/event.js';
import { extentOfEvents, placeEvents, readEvents } from '../../catalog/events/event-log.js';
import type { Database } from '../../db/database.js';
import { Problem } from '../problems.js';
import { beginStream, pause } from '../server-sent-events.js';
import { createAudience } from './audience.js';
import { createEventIds } from './event-id.js';
import { createFollower, type Follower, type Following } from './follower.js';
import { wakeOnEvents } from './wake-up.js';

/** Events read and sent at once. */
const PAGE = 500;
/** Of what a client missed at most so much is told: beyond, reading its pages again is less. */
const MOST_REPLAYED = 5_000;
/** Streams of one person, and of all, in this process. */
const MOST_OF_ONE = 20;
const MOST = 5_000;
/** Between two looks at the log while much happens: what comes in between goes out together. */
const PACE_MS = 100;
/** Before what failed is tried again, as while PostgreSQL starts. */
const AGAIN_MS = 1_000;

/** All streams of events of this process. They share one connection that listens, and one reading of the log. */
export interface EventFeed {
  /** Answers with a stream, which lasts until the client leaves or is sent away. @throws Problem TOO_MANY_STREAMS */
  follow(response: Response, following: Following): Promise<void>;
  /** Ends all streams; their clients come back, to another process or to the next one. */
  close(): void;
}

/** @param options.beat between signs of life to clients; @param options.poll between looks at the log and at who is signed in */
export function createEventFeed(
  { database, secretKey, log }: { database: Database; secretKey: Buffer; log: Logger },
  { beat = 15_000, poll = 3_000 } = {},
): EventFeed {
  const ids = createEventIds(secretKey);
  const followers = new Set<Follower>();
  /** Those of the followers that have heard of all up to `head`, and hear of the rest as it is read. */
  const live = new Set<Follower>();
  let head = 0n;
  let running: { ready: Promise<void>; stop: AbortController } | undefined;
  let reading = false;
  let news = false;
  let closed = false;

  /** While anybody follows. */
  function run(): Promise<void> {
    if (running !== undefined) return running.ready;
    const stop = new AbortController();
    const ready = begin(stop.signal);
    running = { ready, stop };
    ready.catch(() => end());
    return ready;
  }

  async function begin(signal: AbortSignal): Promise<void> {
    await placeEvents(database);
    head = BigInt((await extentOfEvents(database)).newest);
    void wakeOnEvents(database, wake, signal);
    void lookNowAndThen(signal);
    const hearts = setInterval(() => {
      for (const follower of followers) follower.beat();
    }, beat);
    signal.addEventListener('abort', () => clearInterval(hearts), { once: true });
  }

  function end(): void {
    running?.stop.abort();
    running = undefined;
  }

  /** For announcements that were missed, and for sessions and tokens that ended. */
  async function lookNowAndThen(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(poll, signal);
      if (signal.aborted) return;
      wake();
      await orLater('Who follows events could not be checked', async () => {
        const all = [...followers];
        const signedIn = await actorsSignedIn(database, credentialsOf(all));
        for (const follower of all) if (!signedIn.has(keyOf(follower))) follower.end('signed-out');
      });
    }
  }

  function wake(): void {
    news = true;
    if (!reading) void readNews();
  }

  async function readNews(): Promise<void> {
    reading = true;
    while (news && live.size > 0 && !closed) {
      news = false;
      await orLater('Events could not be read', async () => {
        await placeEvents(database);
        for (let full = true; full; ) full = await tellNext();
      });
      await delay(PACE_MS);
    }
    reading = false;
  }

  /** Tells the live ones the next page of the log. @returns whether there is more */
  async function tellNext(): Promise<boolean> {
    const events = await readEvents(database, String(head), PAGE);
    const last = events.at(-1);
    if (last === undefined) return false;
    // In one go: whoever becomes live after this reads the page by itself.
    const audience = [...live];
    head = BigInt(last.position);
    for (let told = false; !told && !closed; )
      told = await orLater('Events could not be told', () => tell(audience, events));
    return events.length === PAGE;
  }

  async function tell(audience: readonly Follower[], events: readonly MapEvent[]): Promise<void> {
    const end = BigInt(events.at(-1)?.position ?? head);
    const signedIn = await actorsSignedIn(database, credentialsOf(audience));
    const choose = createAudience(database, events);
    const chosen = new Map<Follower, readonly MapEvent[]>();
    for (const follower of audience) {
      const actor = signedIn.get(keyOf(follower));
      if (actor !== undefined) chosen.set(follower, await choose(actor));
    }
    // Nothing that may fail comes after the first is told.
    for (const follower of audience) {
      const events = chosen.get(follower);
      if (events === undefined) follower.end('signed-out');
      else follower.tell(events, end);
    }
  }

  /** Tells a client what it missed, page by page as it reads them, until it is up to date and goes on with the rest. */
  async function catchUp(follower: Follower): Promise<void> {
    let replayed = 0;
    const { tell: send } = follower;
    follower.tell = (events, at) => {
      const sent = send(events, at);
      replayed += sent;
      return sent;
    };
    while (!follower.gone.aborted) {
      if (replayed > MOST_REPLAYED) {
        follower.at = head;
        follower.reset('too-much');
        replayed = 0;
      }
      if (follower.at >= head) {
        follower.tell = send;
        live.add(follower);
        // What was announced while nobody was live has not been read.
        wake();
        return;
      }
      const events = await readEvents(database, String(follower.at), PAGE);
      if (events.length === 0) follower.at = head;
      else await tell([follower], events);
      await follower.drained();
    }
  }

  /** Where in the log an id stands, and why not there, where what follows it cannot be told. */
  async function placeOf(id: string): Promise<{ at: bigint; reset?: string }> {
    await placeEvents(database);
    const { oldest, newest } = await extentOfEvents(database);
    const at = ids.open(id);
    if (at === undefined || at > BigInt(newest)) return { at: head, reset: 'unknown' };
    if (at < BigInt(oldest)) return { at: head, reset: 'too-old' };
    return { at };
  }

  function admit(personId: string): void {
    const own = [...followers].filter((follower) => follower.personId === personId).length;
    if (!closed && own < MOST_OF_ONE && followers.size < MOST) return;
    throw new Problem('TOO_MANY_STREAMS', `There are ${own} streams of events of yours here already.`, {
      remedy: 'Close some, or share one between the tabs of a browser: it can tell of everything.',
      headers: { 'Retry-After': '5' },
    });
  }

  async function orLater(what: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!closed) log.warn({ err: error }, `${what}; they are again in a moment`);
      await delay(AGAIN_MS);
      return false;
    }
  }

  return {
    follow: async (response, following) => {
      admit(following.actor.personId);
      const follower = createFollower(response, ids, following);
      followers.add(follower);
      try {
        await run();
        const from = following.after === undefined ? { at: head } : await placeOf(following.after);
        follower.at = from.at;
        beginStream(response);
        if (from.reset !== undefined) follower.reset(from.reset);
        else follower.greet();
        await catchUp(follower);
        if (!follower.gone.aborted)
          await new Promise((resolve) => follower.gone.addEventListener('abort', resolve, { once: true }));
      } finally {
        followers.delete(follower);
        live.delete(follower);
        if (followers.size === 0) end();
      }
    },
    close: () => {
      closed = true;
      for (const follower of followers) follower.end('shutdown');
      end();
    },
  };
}

const keyOf = ({ credential }: Follower): string => credential.toString('hex');
const credentialsOf = (followers: readonly Follower[]): Buffer[] => [
  ...new Map(followers.map((follower) => [keyOf(follower), follower.credential])).values(),
];
