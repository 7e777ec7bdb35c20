import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process as written down: its id alone may by now belong to another one. */
export interface ProcessMark {
  pid: number;
  /** When it started, as the system tells it; empty where it does not. */
  started: string;
}

export function markOf(pid: number): ProcessMark {
  return { pid, started: startOf(pid) ?? '' };
}

/** Whether the very process that was written down is alive. */
export function isAlive(mark: ProcessMark): boolean {
  const started = startOf(mark.pid);
  return started !== undefined && (mark.started === '' || started === mark.started);
}

/** The command line of a living process; empty where the system does not tell. */
export function commandOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (process.platform === 'win32') return '';
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

/** Nothing for a process that is gone, or a zombie: one that ended and was not yet taken note of. */
function startOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  try {
    if (process.platform === 'linux') {
      // proc(5): after the name in parentheses, which may hold anything, field 3 is the state and field 22 the start.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\)\s+/s, '')
        .split(' ');
      return fields[0] === 'Z' ? undefined : (fields[19] ?? '');
    }
    if (process.platform === 'win32') return '';
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return process.platform === 'linux' ? undefined : '';
  }
}
