import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets one process at a time set up a directory: two starts side by side must not install into the same node_modules.
 * A lock whose holder has died is taken over.
 * @template T
 * @param {string} root
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(root, work) {
  const file = join(tmpdir(), `datamap-set-up-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`);
  for (let said = false; !take(file); said = true) {
    if (!said) console.error('Waiting for another start of this directory to finish its set-up');
    await delay(200);
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @returns {boolean} */
function take(/** @type {string} */ file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
  }
  if (holderLives(file)) return false;
  rmSync(file, { force: true });
  return take(file);
}

function holderLives(/** @type {string} */ file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    // Between another's creating and writing it is empty: that one lives.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
