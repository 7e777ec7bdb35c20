import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of the kernel's clock in a second; the same on every Linux that Node runs on. */
const TICKS = 100;

/**
 * Milliseconds of processor time that a server has taken so far: of its postmaster, of its processes, and of those that have
 * ended. On a machine that others use too it tells more than a clock does. NaN where there is no /proc.
 * @param postmaster id of the server's first process
 */
export function postgresCpu(postmaster: number | undefined): number {
  if (postmaster === undefined) return Number.NaN;
  let ticks = 0;
  try {
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const stat = statOf(entry);
      if (stat === undefined) continue;
      if (Number(entry) === postmaster) ticks += stat.own + stat.ended;
      else if (stat.parent === postmaster) ticks += stat.own;
    }
  } catch {
    return Number.NaN;
  }
  return (ticks / TICKS) * 1_000;
}

/** What /proc says of a process, or nothing where it has ended in between. */
function statOf(pid: string): { parent: number; own: number; ended: number } | undefined {
  try {
    // The name, in brackets, may hold anything; what follows the last bracket is numbers.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    return { parent: fields[1] ?? 0, own: user + system, ended: endedUser + endedSystem };
  } catch {
    return undefined;
  }
}
