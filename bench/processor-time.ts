import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Ticks of a second in /proc, on every Linux that runs on a PC. */
const TICKS = 100;

interface Times {
  parent: number;
  own: number;
  /** Of children that have ended. */
  ended: number;
}

/** Seconds of processor time that a process has used until now. */
export const processorSeconds = (pid: number): number => (timesOf(pid)?.own ?? 0) / TICKS;

/** The same of a PostgreSQL server with all its backends, those that have ended too. */
export function processorSecondsOfPostgres(dataDirectory: string): number {
  const postmaster = Number(readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
  const living = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => timesOf(Number(name)) ?? [])
    .filter(({ parent }) => parent === postmaster);
  const server = timesOf(postmaster);
  return ((server?.own ?? 0) + (server?.ended ?? 0) + living.reduce((sum, { own }) => sum + own, 0)) / TICKS;
}

function timesOf(pid: number): Times | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It ended between the listing and this.
    return undefined;
  }
  // The name, in parentheses, may hold anything; the numbers follow the last one.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [parent = 0, user = 0, system = 0, endedUser = 0, endedSystem = 0] = [1, 11, 12, 13, 14].map(
    (at) => fields[at],
  );
  return { parent, own: user + system, ended: endedUser + endedSystem };
}
