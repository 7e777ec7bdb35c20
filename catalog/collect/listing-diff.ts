import type { KnownObjects } from './known-objects.js';

/** One object of a listing, as much of it as a crawl keeps until it has been read. */
export interface ListedObject {
  nativeKey: string;
  fingerprint: string;
  rows: number | undefined;
  bytes: number | undefined;
}

/** An object to be read, and whether the catalog knows an earlier state of it that may turn out to be the same. */
export interface ObjectToRead extends ListedObject {
  known: boolean;
}

/** How far an estimate must move to be written: below it, a table that is merely used would be written every run. */
const NOTABLE = 0.1;

/**
 * Sorts what a source lists into what must be read, what only grew, and, once the listing is complete, what is
 * missing. Takes the known objects over and uses them up.
 */
export class ListingDiff {
  readonly toRead: ObjectToRead[] = [];
  readonly statistics: ListedObject[] = [];
  listed = 0;
  readonly #known: KnownObjects;
  readonly #distrustFingerprints: boolean;
  readonly #readUpTo: string | undefined;

  /**
   * @param options.distrustFingerprints reads everything, whatever its fingerprint says
   * @param options.readUpTo the last native key that an earlier attempt of the same run has read
   */
  constructor(known: KnownObjects, options: { distrustFingerprints: boolean; readUpTo?: string | undefined }) {
    this.#known = known;
    this.#distrustFingerprints = options.distrustFingerprints;
    this.#readUpTo = options.readUpTo;
  }

  see(object: ListedObject): void {
    this.listed += 1;
    const known = this.#known.take(object.nativeKey);
    if (known === undefined || known.fingerprint !== object.fingerprint || this.#mustReadAgain(object.nativeKey)) {
      this.toRead.push({ ...object, known: known !== undefined });
    } else if (moved(known.rows, object.rows) || moved(known.bytes, object.bytes)) {
      this.statistics.push(object);
    }
  }

  /** To be called once the listing has ended; gives the objects to read in the order of their keys. */
  sortToRead(): void {
    this.toRead.sort((a, b) => (a.nativeKey < b.nativeKey ? -1 : 1));
  }

  /** Native keys that the catalog knows and the listing did not show. Means nothing before the listing has ended. */
  missing(): string[] {
    return [...this.#known.keys()];
  }

  #mustReadAgain(nativeKey: string): boolean {
    return this.#distrustFingerprints && !(this.#readUpTo !== undefined && nativeKey <= this.#readUpTo);
  }
}

function moved(from: number | undefined, to: number | undefined): boolean {
  if (to === undefined) return false;
  if (from === undefined) return true;
  return Math.abs(to - from) > NOTABLE * from;
}
