import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import type { Actor } from '../access/actor.js';
import { can } from '../access/authorise.js';
import { visiblePredicate } from '../access/visibility.js';
import { liveWorkers } from '../catalog/groups/workers.js';
import { createLookup, getLookup } from '../catalog/refresh/lookups.js';
import { type NamedPlace, resolveName } from '../catalog/refresh/resolve-name.js';
import type { ApiContext } from './context.js';
import type { diagnosisSchema } from './schemas/diagnosis.js';
import { withoutWorker } from './without-worker.js';

type Diagnosis = Omit<z.input<typeof diagnosisSchema>, 'name'>;
type Step = Diagnosis['steps'][number];

/** As long as a person waits, and less than proxies do. */
const WAIT_MS = 25_000;

/**
 * Says why somebody does not find a table: the first thing that fails, and what to do. Of what the person may not see it
 * says the same as of what is not there, and asks no source.
 */
export async function diagnose(context: ApiContext, actor: Actor, name: string): Promise<Diagnosis> {
  const places = await resolveName(context.database, name, visiblePredicate(actor));
  const [place] = places;
  if (place === undefined) return unknownTo(actor);
  if (places.length > 1)
    return {
      verdict: 'ambiguous',
      message: `It may mean ${places.length} tables`,
      remedy: 'Ask for one of the candidates.',
      candidates: places.map(
        ({ entityId, database, schema, table }) => entityId ?? [database, schema, table].filter(Boolean).join('.'),
      ),
      entityId: null,
      steps: [],
    };
  const inScope: Step = {
    id: 'in-scope',
    state: 'passed',
    message: `The crawler ${place.crawlerName} collects ${place.database}`,
  };
  const atSource = await askSource(context, actor, place);
  const steps = [inScope, atSource];
  const { entityId } = place;
  if (atSource.state === 'failed')
    return {
      verdict: 'not-at-source',
      message: atSource.message,
      remedy:
        entityId === null
          ? 'Check the spelling; upper and lower case can differ. Or the account of the data source may not see it.'
          : 'It is still on the map: refresh it, and it leaves the map if it is gone for good.',
      entityId,
      steps,
    };
  if (entityId === null)
    return {
      verdict: 'not-collected',
      message: `It is not on the map: ${place.collectedAt === null ? 'its database was never collected' : 'it is newer than the last crawl'}`,
      remedy:
        place.collectedAt === null
          ? `Run the crawler ${place.crawlerName}.`
          : 'Refresh it: POST /api/v1/refreshes with its name.',
      entityId: null,
      steps: [...steps, { id: 'collected', state: 'failed', message: 'The map has no such table' }],
    };
  steps.push(
    { id: 'collected', state: 'passed', message: `It is on the map as entity ${entityId}` },
    {
      id: 'visible',
      state: 'passed',
      message:
        place.visibility === 'tenant'
          ? 'Everybody of the tenant may see it'
          : `You may see what ${place.workspaceName} has`,
    },
  );
  if (!(await isIndexed(context, place)))
    return {
      verdict: 'not-indexed',
      message: 'Search does not have it yet',
      remedy: 'Changes reach search within a minute. If not: npm run search:rebuild.',
      entityId,
      steps: [...steps, { id: 'indexed', state: 'failed', message: 'The index does not hold it' }],
    };
  steps.push({ id: 'indexed', state: 'passed', message: 'Search finds it' });
  const asked = atSource.state === 'passed';
  return {
    verdict: asked ? 'findable' : 'source-not-asked',
    message: asked
      ? 'It is at its source, on the map, visible to you, and in search'
      : `It is on the map, visible to you, and in search. ${atSource.message}`,
    entityId,
    steps,
  };
}

function unknownTo(actor: Actor): Diagnosis {
  const own = [...actor.workspaceNames.values()];
  return {
    verdict: 'not-visible-or-not-there',
    message: 'It is not visible to you, or not there',
    remedy:
      'Name it with its database, e.g. shop.sales.orders. Else ask an admin of the workspace that has its data source to add you, or to take its database into the scope of a crawler' +
      (own.length === 0 ? '.' : `; if it should be in ${own.join(' or ')}, ask an admin there.`),
    entityId: null,
    steps: [],
  };
}

async function askSource({ database, orchestrator }: ApiContext, actor: Actor, place: NamedPlace): Promise<Step> {
  const skipped = (message: string): Step => ({ id: 'at-source', state: 'skipped', message });
  if (!can(actor, 'entity.refresh', place.workspaceId))
    return skipped(`The source was not asked: you need entity.refresh in ${place.workspaceName}`);
  if ((await liveWorkers(database, place.resourceGroupId)).length === 0)
    return skipped(`The source was not asked: ${withoutWorker(place.resourceGroupId).message}`);
  const lookupId = randomUUID();
  const { collectedDatabaseId, schema, table, dataSourceName, resourceGroupId: resourceGroup } = place;
  await createLookup(database, { lookupId, collectedDatabaseId, schema, table });
  await orchestrator.lookUpTable({ lookupId, dataSourceName, resourceGroup, waitMs: WAIT_MS });
  const { status, error } = await getLookup(database, lookupId);
  if (status === 'found') return { id: 'at-source', state: 'passed', message: `${dataSourceName} has it` };
  if (status === 'absent') return { id: 'at-source', state: 'failed', message: `${dataSourceName} does not show it` };
  return skipped(`The source could not be asked: ${error?.message ?? 'it has not answered in time'}`);
}

/** Whether search has the table, by its guid: many may have its name. What it may show to whom is asked of the map alone. */
async function isIndexed({ searchIndex }: ApiContext, { entityId, guid }: NamedPlace): Promise<boolean> {
  const { hits } = await searchIndex.search({
    text: guid ?? '',
    filters: {},
    visibleTo: 'everything',
    facets: [],
    limit: 10,
  });
  return hits.some(({ document }) => document.id === entityId);
}
