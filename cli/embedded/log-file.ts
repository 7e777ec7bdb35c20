import { existsSync, readFileSync } from 'node:fs';

/** The end of a log file, for an error message. */
export function lastLines(file: string, count = 15): string {
  if (!existsSync(file)) return '';
  return readFileSync(file, 'utf8').slice(-8_000).trimEnd().split('\n').slice(-count).join('\n');
}
