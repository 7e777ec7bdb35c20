import { Refusal } from '../../db/refusals.js';

/** The crawler does not exist any more, or is being deleted. */
export class CrawlerGone extends Refusal {
  readonly code = 'CRAWLER_GONE';

  constructor(crawlerId: string) {
    super(`Crawler ${crawlerId} was deleted or is being deleted`, 'Nothing needs to be done: its runs end here.');
  }
}

/** The run ended already; whoever still works for it is to stop. */
export class RunEnded extends Refusal {
  readonly code = 'RUN_ENDED';

  constructor(runId: string) {
    super(`Run ${runId} has ended`, 'Start a new run of the crawler.');
  }
}

/** A later attempt took the unit over: what this one reads must not be written. */
export class FencedOut extends Refusal {
  readonly code = 'FENCED_OUT';

  constructor(runId: string, unit: number, attempt: number) {
    super(
      `Attempt ${attempt} on unit ${unit} of run ${runId} was overtaken by a later one`,
      'Nothing needs to be done: the later attempt goes on from where this one came to.',
    );
  }
}

/** The server crashed and lost pages of this attempt. The next attempt goes on after the last page that is there. */
export class PagesLost extends Refusal {
  readonly code = 'PAGES_LOST';
  override readonly permanent = false;

  constructor(runId: string, unit: number) {
    super(
      `The catalog's server has crashed and lost the last pages of unit ${unit} of run ${runId}`,
      'Nothing needs to be done: the next attempt reads them again.',
    );
  }
}

/** The database left the crawler's scope while the run was on its way to it. */
export class DatabaseLeftScope extends Refusal {
  readonly code = 'DATABASE_LEFT_SCOPE';

  constructor(database: string) {
    super(
      `The database ${database} was taken out of the crawler's scope`,
      'Nothing needs to be done: the next run leaves it out.',
    );
  }
}
