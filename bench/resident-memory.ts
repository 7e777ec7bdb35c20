import { readFileSync } from 'node:fs';

/** How often a process and its children are looked at, in ms. */
const LOOK_EVERY = 50;

/**
 * Watches what a process and its children hold resident at the same time, from now on (Linux). What they share, their
 * program's own code above all, counts once, and in full whoever else on the machine shares it too.
 */
export function watchResident(pid: number): { peak(): number; stop(): void } {
  let peak = 0;
  const timer = setInterval(() => {
    const all = [pid, ...childrenOf(pid)].map(residentNow);
    const own = all.reduce((sum, { resident, shared }) => sum + resident - shared, 0);
    peak = Math.max(peak, own + Math.max(...all.map(({ shared }) => shared)));
  }, LOOK_EVERY);
  return { peak: () => peak, stop: () => clearInterval(timer) };
}

/** The most memory a process has had resident, in bytes; 0 where it is gone. */
export const residentPeak = (pid: number): number => bytes(read(`/proc/${pid}/status`), 'VmHWM');

/** Bytes; `shared` are the resident pages that another process has as well. */
function residentNow(pid: number): { resident: number; shared: number } {
  const text = read(`/proc/${pid}/smaps_rollup`);
  return { resident: bytes(text, 'Rss'), shared: bytes(text, 'Shared_Clean') + bytes(text, 'Shared_Dirty') };
}

function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

function bytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}

/** A process may end at any moment. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
