import { readFileSync } from 'node:fs';

/** How often a process and its children are looked at, in ms. */
const LOOK_EVERY = 50;

/**
 * Watches what a process and its children hold resident at the same time, from now on (Linux). Pages that they share count
 * for each of them, so the sum is rather too high than too low.
 */
export function watchResident(pid: number): { peak(): number; stop(): void } {
  let peak = 0;
  const timer = setInterval(() => {
    const all = [pid, ...childrenOf(pid)].reduce((sum, id) => sum + residentNow(id), 0);
    peak = Math.max(peak, all);
  }, LOOK_EVERY);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

/** The most memory a process has had resident, in bytes; 0 where it is gone. */
export const residentPeak = (pid: number): number => kilobytes(pid, 'VmHWM') * 1024;

const residentNow = (pid: number): number => kilobytes(pid, 'VmRSS') * 1024;

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function kilobytes(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(read(`/proc/${pid}/status`))?.[1] ?? 0);
}

/** A process may end at any moment. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
