import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The whole path of a program that the PATH has, by its name without `.exe`; undefined where there is none. */
export function programOnPath(name: string, path: string = process.env['PATH'] ?? ''): string | undefined {
  const program = process.platform === 'win32' ? `${name}.exe` : name;
  return path
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, program))
    .find((file) => existsSync(file));
}
