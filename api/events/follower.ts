import { once } from 'node:events';
import type { Response } from 'express';
import type { Actor } from '../../access/actor.js';
import type { MapEvent } from '../../catalog/events/event.js';
import type { EventIds } from './event-id.js';

/** Bytes that may wait for a client that does not read. One that leaves more is cut off, and comes back by itself. */
const MOST_WAITING = 1_048_576;
/** Milliseconds that a client has to read some of what it missed. */
const PATIENCE = 30_000;

/** What a stream is asked for. */
export interface Following {
  actor: Actor;
  /** The digest of what the person is signed in by: the stream ends with it. */
  credential: Buffer;
  /** The last id that the client has; without one it hears of what happens from now on. */
  after: string | undefined;
  wants(event: MapEvent): boolean;
}

/** Why a stream was ended from this side. */
type Ending = 'signed-out' | 'shutdown';

/** A client that follows events. */
export interface Follower {
  personId: string;
  credential: Buffer;
  /** Up to where in the log it was told all that it may know. */
  at: bigint;
  /** Aborts when the client is gone or was sent away. */
  gone: AbortSignal;
  /** Sends some events, of which those that the client did not ask for are left out. @returns how many were sent */
  tell(events: readonly MapEvent[], at: bigint): number;
  /** Says where the stream begins. */
  greet(): void;
  /** Says that the client missed what cannot be told again, and has to read anew what it shows. */
  reset(reason: string): void;
  /** Keeps the connection, and what the client would come back with, from growing old. */
  beat(): void;
  /** Waits until the client has read what waits for it, or cuts it off. */
  drained(): Promise<void>;
  end(why: Ending): void;
}

/** Makes a stream of events of an answer whose headers are out. */
export function createFollower(response: Response, ids: EventIds, { actor, credential, wants }: Following): Follower {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  // What is written after the client went away.
  response.on('error', () => gone.abort());
  const write = (text: string): void => {
    if (gone.signal.aborted || response.writableEnded) return;
    // What is written now counts the next time: a large page is nobody's fault.
    if (response.writableLength > MOST_WAITING) cutOff();
    else response.write(text);
  };
  const cutOff = (): void => {
    response.destroy();
    gone.abort();
  };
  const follower: Follower = {
    personId: actor.personId,
    credential,
    at: 0n,
    gone: gone.signal,
    tell: (events, at) => {
      const told = latestOf(events.filter((event) => BigInt(event.position) > follower.at && wants(event)));
      write(told.map((event) => message(event.type, ids.seal(BigInt(event.position)), bodyOf(event))).join(''));
      follower.at = at;
      return told.length;
    },
    greet: () => write(message('hello', ids.seal(follower.at), {})),
    reset: (reason) => write(message('reset', ids.seal(follower.at), { reason })),
    // An id without data is remembered by a client and told to nobody.
    beat: () => write(`: still here\nid: ${ids.seal(follower.at)}\n\n`),
    drained: async () => {
      if (!response.writableNeedDrain) return;
      const patience = AbortSignal.any([gone.signal, AbortSignal.timeout(PATIENCE)]);
      await once(response, 'drain', { signal: patience }).catch(cutOff);
    },
    end: (why) => {
      write(message('end', undefined, { why }));
      response.end();
      gone.abort();
    },
  };
  return follower;
}

const bodyOf = ({ at, data }: MapEvent) => ({ at: at.toISOString(), ...data });

function message(event: string, id: string | undefined, data: unknown): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Of the progress of one unit, only what stands by now. */
function latestOf(events: readonly MapEvent[]): readonly MapEvent[] {
  const unitOf = ({ type, data }: MapEvent) =>
    type === 'run.progress' ? `${data['runId']} ${data['unit']}` : undefined;
  const last = new Map(events.map((event) => [unitOf(event), event]));
  return events.filter((event) => unitOf(event) === undefined || last.get(unitOf(event)) === event);
}
