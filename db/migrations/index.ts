import type { Knex } from 'knex';
import * as access from './0001-access.js';
import * as collection from './0002-collection.js';
import * as catalog from './0003-catalog.js';
import * as search from './0004-search.js';
import * as runKinds from './0005-run-kinds.js';
import * as runPause from './0006-run-pause.js';
import * as heldRemovals from './0007-held-removals.js';
import * as operations from './0008-operations.js';
import * as sourceLimits from './0009-source-limits.js';
import * as plans from './0010-plans.js';
import * as lineage from './0011-lineage.js';
import * as visibility from './0012-visibility.js';
import * as searchUse from './0013-search-use.js';
import * as annotations from './0014-annotations.js';
import * as askedOfSources from './0015-asked-of-sources.js';
import * as collections from './0016-collections.js';
import * as webhooks from './0017-webhooks.js';
import * as lineageOfViews from './0018-lineage-of-views.js';
import * as facets from './0019-facets.js';
import * as pageUpkeep from './0020-page-upkeep.js';
import * as lineageOfEvents from './0021-lineage-of-events.js';
import * as queryHistory from './0022-query-history.js';
import * as lineageSpeed from './0023-lineage-speed.js';
import * as searchWords from './0024-search-words.js';
import * as aiDescriptions from './0025-ai-descriptions.js';
import * as events from './0026-events.js';
import * as toldAsOpenLineage from './0027-told-as-openlineage.js';
import * as walkedNames from './0028-walked-names.js';
import * as lineageDegrees from './0029-lineage-degrees.js';
import * as wordsOfNames from './0030-words-of-names.js';
import * as jobsAndTheirRuns from './0031-jobs-and-their-runs.js';
import * as describingOfRuns from './0032-describing-of-runs.js';
import * as ownersOfColumns from './0033-owners-of-columns.js';
import * as edgesAreCheckedInSets from './0035-edges-are-checked-in-sets.js';
import * as structuresAreText from './0036-structures-are-text.js';
import * as taskCode from './0037-task-code.js';
import * as assets from './0038-assets.js';

interface Migration {
  name: string;
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

/** Every migration in order. Listed by hand so that the same list serves TypeScript sources and the built files. */
const migrations: Migration[] = [
  { name: '0001-access', ...access },
  { name: '0002-collection', ...collection },
  { name: '0003-catalog', ...catalog },
  { name: '0004-search', ...search },
  { name: '0005-run-kinds', ...runKinds },
  { name: '0006-run-pause', ...runPause },
  { name: '0007-held-removals', ...heldRemovals },
  { name: '0008-operations', ...operations },
  { name: '0009-source-limits', ...sourceLimits },
  { name: '0010-plans', ...plans },
  { name: '0011-lineage', ...lineage },
  { name: '0012-visibility', ...visibility },
  { name: '0013-search-use', ...searchUse },
  { name: '0014-annotations', ...annotations },
  { name: '0015-asked-of-sources', ...askedOfSources },
  { name: '0016-collections', ...collections },
  { name: '0017-webhooks', ...webhooks },
  { name: '0018-lineage-of-views', ...lineageOfViews },
  { name: '0019-facets', ...facets },
  { name: '0020-page-upkeep', ...pageUpkeep },
  { name: '0021-lineage-of-events', ...lineageOfEvents },
  { name: '0022-query-history', ...queryHistory },
  { name: '0023-lineage-speed', ...lineageSpeed },
  { name: '0024-search-words', ...searchWords },
  { name: '0025-ai-descriptions', ...aiDescriptions },
  { name: '0026-events', ...events },
  { name: '0027-told-as-openlineage', ...toldAsOpenLineage },
  { name: '0028-walked-names', ...walkedNames },
  { name: '0029-lineage-degrees', ...lineageDegrees },
  { name: '0030-words-of-names', ...wordsOfNames },
  { name: '0031-jobs-and-their-runs', ...jobsAndTheirRuns },
  { name: '0032-describing-of-runs', ...describingOfRuns },
  { name: '0033-owners-of-columns', ...ownersOfColumns },
  { name: '0035-edges-are-checked-in-sets', ...edgesAreCheckedInSets },
  { name: '0036-structures-are-text', ...structuresAreText },
  { name: '0037-task-code', ...taskCode },
  { name: '0038-assets', ...assets },
];

export const migrationSource: Knex.MigrationSource<Migration> = {
  getMigrations: async () => migrations,
  getMigrationName: (migration) => migration.name,
  getMigration: async (migration) => migration,
};
