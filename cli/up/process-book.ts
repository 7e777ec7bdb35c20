import { setTimeout as delay } from 'node:timers/promises';
import { readJson, writePrivateJson } from '../private-file.js';
import { isAlive, markOf, type ProcessMark } from '../process-identity.js';

/** What has been started, written down before it can be forgotten. */
export interface ProcessBook {
  note(name: string, pid: number): void;
}

/** How an orphan of each kind is asked to end, and for how long (ms), before it is killed. In this order. */
const FAREWELLS: readonly { name: string; signal: NodeJS.Signals; patience: number; last: NodeJS.Signals }[] = [
  { name: 'api', signal: 'SIGTERM', patience: 3_000, last: 'SIGKILL' },
  // What it was collecting goes on from its last heartbeat, so there is no point in waiting long.
  { name: 'worker', signal: 'SIGTERM', patience: 3_000, last: 'SIGKILL' },
  { name: 'search-rebuild', signal: 'SIGTERM', patience: 3_000, last: 'SIGKILL' },
  { name: 'meilisearch', signal: 'SIGTERM', patience: 5_000, last: 'SIGKILL' },
  { name: 'temporal', signal: 'SIGINT', patience: 5_000, last: 'SIGKILL' },
  // Never SIGKILL: SIGQUIT ends every backend too, and the write-ahead log mends the rest.
  { name: 'postgres', signal: 'SIGINT', patience: 20_000, last: 'SIGQUIT' },
];

export function openProcessBook(file: string): ProcessBook {
  const entries: Record<string, ProcessMark> = {};
  return {
    note: (name, pid) => {
      entries[name] = markOf(pid);
      writePrivateJson(file, entries);
    },
  };
}

/**
 * Ends what an earlier `up`, which was killed, left running.
 * @returns the names of what was still there
 */
export async function endOrphans(file: string): Promise<string[]> {
  const entries = readJson<Record<string, ProcessMark>>(file) ?? {};
  const found: string[] = [];
  for (const { name, signal, patience, last } of FAREWELLS) {
    const mark = entries[name];
    if (mark === undefined || !isAlive(mark)) continue;
    found.push(name);
    for (const [how, wait] of [[signal, patience] as const, [last, 10_000] as const]) {
      process.kill(mark.pid, how);
      for (const deadline = Date.now() + wait; Date.now() < deadline && isAlive(mark); ) await delay(50);
      if (!isAlive(mark)) break;
    }
  }
  return found;
}
