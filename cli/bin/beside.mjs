#!/usr/bin/env node
/**
 * Runs one of the maintenance programs, such as db/migrate-main, on the catalog that DATABASE_URL names, or else on that
 * of the instance that runs on .datamap.
 */
import { checkNode, ensureBuild, ensureDependencies, giveUp } from './set-up.mjs';

const [, , program] = process.argv;
try {
  checkNode();
  await ensureDependencies();
  await ensureBuild();
} catch (error) {
  giveUp(error);
}
const compiled = new URL('../../dist/', import.meta.url);
if (!process.env['DATABASE_URL']) {
  const { environmentBeside } = await import(new URL('cli/up/environment-beside.js', compiled).href);
  const beside = environmentBeside();
  if (beside === undefined) {
    console.error('DATABASE_URL is not set, and no Datamap runs here. Set it, or run npm start in another terminal.');
    process.exit(2);
  }
  Object.assign(process.env, beside);
}
process.argv.splice(2, 1);
await import(new URL(`${program}.js`, compiled).href);
