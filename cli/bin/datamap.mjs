#!/usr/bin/env node
/** `npx datamap`: the command line, from the clone it stands in. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, ensureBuild, ensureDependencies, giveUp, ROOT } from './set-up.mjs';

try {
  checkNode();
  // A packaged installation has its build and no sources to make one from.
  if (existsSync(join(ROOT, 'cli', 'main.ts'))) {
    await ensureDependencies();
    await ensureBuild();
  }
} catch (error) {
  giveUp(error);
}
await import(new URL('../../dist/cli/main.js', import.meta.url).href);
