import { mostBytes, writeFields } from './copy-binary.js';
import { STAGED_TYPES, type StagedRow } from './staged-row.js';

const CHUNK = 256 * 1024;

/**
 * Staged rows as fields of COPY without their run, unit and page, which are known when they are staged. Rows share chunks of
 * memory outside of the heap: a page of a thousand is megabytes, which as strings would be moved from generation to
 * generation by the garbage collector.
 */
export class StagedRows {
  #chunk = Buffer.alloc(0);
  #used = 0;

  add(row: StagedRow): Buffer {
    const most = mostBytes(row);
    if (this.#used + most > this.#chunk.length) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK, most));
      this.#used = 0;
    }
    const start = this.#used;
    this.#used = writeFields(this.#chunk, start, STAGED_TYPES, row);
    return this.#chunk.subarray(start, this.#used);
  }
}
