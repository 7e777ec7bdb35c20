/** `npm test`: installs what is missing, then runs the tests; what is said after `--` goes to vitest. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { checkNode, ensureDependencies, giveUp, ROOT } from '../cli/bin/set-up.mjs';

try {
  checkNode();
  await ensureDependencies();
} catch (error) {
  giveUp(error);
}
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exit(status ?? 1);
