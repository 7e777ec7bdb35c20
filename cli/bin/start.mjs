#!/usr/bin/env node
/** `npm start`: installs and builds what is missing, then brings the whole of Datamap up. */
import { checkNode, ensureBuild, ensureDependencies, giveUp } from './set-up.mjs';

try {
  checkNode();
  await ensureDependencies();
  await ensureBuild();
} catch (error) {
  giveUp(error);
}
process.argv.splice(2, 0, 'up');
// In this process, so that a signal meant for `npm start` meets the code that ends everything in order.
await import(new URL('../../dist/cli/main.js', import.meta.url).href);
