import { copyLine } from './copy-text.js';
import type { StagedRow } from './staged-row.js';

const CHUNK = 256 * 1024;

/**
 * Staged rows as lines of COPY without their run, unit and page, which are known when they are staged. Lines share chunks
 * of memory outside of the heap: a page of a thousand is megabytes, which as strings would be moved from generation to
 * generation by the garbage collector.
 */
export class StagedLines {
  #chunk = Buffer.alloc(0);
  #used = 0;

  add(row: StagedRow): Buffer {
    const line = copyLine(row);
    // A character takes at most three bytes; long lines are measured, since three times them is much.
    const most = line.length < CHUNK / 8 ? line.length * 3 : Buffer.byteLength(line);
    if (this.#used + most > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK, most));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += this.#chunk.write(line, start);
    return this.#chunk.subarray(start, this.#used);
  }
}
