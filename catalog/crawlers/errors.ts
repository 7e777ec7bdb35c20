import { Refusal } from '../../db/refusals.js';

export interface TakenDatabase {
  name: string;
  crawlerId: string;
  crawlerName: string;
  workspaceId: string;
  /** True while the owner is being deleted or gives the database up: it will be free soon. */
  leaving: boolean;
}

/**
 * Databases that other crawlers collect already. Names them in full: who shows it to a person first takes out the owners
 * that person may not see.
 */
export class DatabaseTaken extends Refusal {
  readonly code = 'DATABASE_TAKEN';

  constructor(readonly databases: readonly TakenDatabase[]) {
    super(
      databases.length === 1
        ? `The database ${databases[0]?.name} is collected by another crawler`
        : `${databases.length} databases are collected by other crawlers`,
      databases.every((database) => database.leaving)
        ? 'Its crawler is giving it up: try again in a while.'
        : 'A database belongs to one crawler. Leave it out here, or take it out of the other crawler first.',
    );
  }
}

/** Only production sources are collected by cycle. */
export class CycleNeedsProduction extends Refusal {
  readonly code = 'CYCLE_NEEDS_PRODUCTION';

  constructor(readonly crawlers: readonly string[] = []) {
    super(
      crawlers.length === 0
        ? 'A data source of the development environment cannot be collected by cycle'
        : `The data source is collected by cycle, by ${crawlers.join(', ')}, and so must stay in production`,
      crawlers.length === 0
        ? 'Let the crawler run by hand, or mark the data source as production.'
        : 'Set the plan of those crawlers to manual first.',
    );
  }
}

/** The crawler is on its way out; nothing about it can be changed any more. */
export class CrawlerDeleting extends Refusal {
  readonly code = 'CRAWLER_DELETING';

  constructor(readonly crawlerId: string) {
    super('The crawler is being deleted', 'Create a new crawler once it is gone.');
  }
}
