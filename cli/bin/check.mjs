#!/usr/bin/env node
/** `npm run check`: format, lint, types, import rules and unused code, side by side; says all of what is wrong. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './set-up.mjs';

const CHECKS = {
  'Format and lint': ['biome', 'check', '--error-on-warnings'],
  Types: ['tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', 'node_modules/.cache/types.tsbuildinfo'],
  'Import rules': ['depcruise', '--config', '.dependency-cruiser.cjs', '.'],
  'Unused code': ['knip', '--no-progress', '--treat-config-hints-as-errors'],
};

const started = Date.now();
const results = await Promise.all(
  Object.entries(CHECKS).map(async ([name, [program = '', ...args]]) => {
    const { code, said } = await run(join(ROOT, 'node_modules', '.bin', program), args);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (code !== 0) console.log(`${said.trim()}\n`);
    return code;
  }),
);
process.exit(results.every((code) => code === 0) ? 0 : 1);

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<{ code: number, said: string }>}
 */
function run(program, args) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        said += chunk;
      });
    child.once('error', fail);
    child.once('close', (code) => done({ code: code ?? 1, said }));
  });
}
