import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT_ROOT } from '../data-directory.js';

/**
 * How to run one of the project's own programs in a process of its own: compiled when this is, from its source
 * otherwise. It ends when the process that started it does, however that one ended.
 * @param name path without extension from the project's root, e.g. `api/main`
 * @param watch start it again whenever a source changes
 */
export function programCommand(name: string, watch = false): { command: string; args: string[] } {
  const here = fileURLToPath(import.meta.url);
  const endWithParent = join(PROJECT_ROOT, 'cli', 'bin', 'end-with-parent.mjs');
  if (here.endsWith('.ts')) {
    const source = join(PROJECT_ROOT, `${name}.ts`);
    const tsx = join(PROJECT_ROOT, 'node_modules', 'tsx', 'dist');
    return watch
      ? { command: process.execPath, args: [join(tsx, 'cli.mjs'), 'watch', '--clear-screen=false', source] }
      : {
          command: process.execPath,
          args: ['--import', endWithParent, '--import', join(tsx, 'esm', 'index.mjs'), source],
        };
  }
  const compiled = resolve(dirname(here), '..', '..', `${name}.js`);
  return { command: process.execPath, args: ['--import', endWithParent, compiled] };
}
