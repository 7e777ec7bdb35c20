import { Refusal } from '../../db/refusals.js';

/** What the catalog knows of the database was read from another server: keys and names prove nothing there. */
export class RefreshNeedsCrawl extends Refusal {
  readonly code = 'REFRESH_NEEDS_CRAWL';

  constructor(database: string, why: string) {
    super(`Tables of ${database} cannot be refreshed one by one: ${why}`, 'Run its crawler, which reads all of it.');
  }
}
