import { randomUUID } from 'node:crypto';
import { liveWorkers } from '../../catalog/groups/workers.js';
import { createListing, getListing } from '../../catalog/jobs/database-listings.js';
import { getSource } from '../../catalog/sources/read-sources.js';
import { ownerFor } from '../owner-of-database.js';
import { Problem } from '../problems.js';
import { onWorkspaceOf, type Route, route } from '../route.js';
import { databaseListQuery, databaseListSchema } from '../schemas/data-sources.js';
import { uuidParams } from '../schemas/lists.js';
import { withoutWorker } from '../without-worker.js';

/** As long as a person waits, and less than proxies do. */
const WAIT_MS = 30_000;

export const sourceDatabaseRoutes: Route[] = [
  route({
    method: 'get',
    path: '/data-sources/:id/databases',
    tag: 'Data sources',
    summary: 'List the databases of a data source, with the crawler that collects each',
    description: 'Asks the source itself, from a worker of the resource group.',
    access: onWorkspaceOf('source.test', 'data source', ({ database }, { id }: { id: string }) =>
      getSource(database, id),
    ),
    params: uuidParams,
    query: databaseListQuery,
    reply: { status: 200, description: 'What the source lists, by name.', body: databaseListSchema },
    problems: ['RESOURCE_GROUP_WITHOUT_WORKER', 'LISTING_FAILED', 'LISTING_TIMEOUT', 'TEMPORAL_UNAVAILABLE'],
    handle: async ({ database, orchestrator }, { actor, target, query: { resourceGroupId } }) => {
      const listingId = randomUUID();
      await createListing(database, { listingId, dataSourceId: target.id, resourceGroupId });
      if ((await liveWorkers(database, resourceGroupId)).length === 0) {
        const { code, message, remedy } = withoutWorker(resourceGroupId);
        throw new Problem(code, message, { remedy });
      }
      await orchestrator.listDatabases({
        listingId,
        dataSourceId: target.id,
        dataSourceName: target.name,
        resourceGroup: resourceGroupId,
        waitMs: WAIT_MS,
      });
      const listing = await getListing(database, listingId);
      if (listing.status === 'queued')
        throw new Problem('LISTING_TIMEOUT', `The source has not listed its databases within ${WAIT_MS / 1000} s.`, {
          remedy: 'Test the connection: it tells which step is slow.',
        });
      if (listing.error !== null)
        throw new Problem('LISTING_FAILED', listing.error.message, {
          remedy: listing.error.remedy ?? 'Test the connection: it tells which step fails.',
          extra: { cause: listing.error.code },
        });
      return {
        body: {
          items: listing.databases.map(({ ownedBy, ...found }) => ({
            ...found,
            ownedBy: ownedBy === null ? null : ownerFor(actor, ownedBy),
          })),
        },
      };
    },
  }),
];
