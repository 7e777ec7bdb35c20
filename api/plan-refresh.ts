import { randomUUID } from 'node:crypto';
import type { Actor } from '../access/actor.js';
import { can } from '../access/authorise.js';
import { visiblePredicate } from '../access/visibility.js';
import { limitsOfCrawler } from '../catalog/governor/limits.js';
import { quietUntil } from '../catalog/governor/quiet-hours.js';
import { liveWorkers } from '../catalog/groups/workers.js';
import type { RefreshDetail, RefreshOutcome } from '../catalog/refresh/named-tables.js';
import type { NewRefreshItem } from '../catalog/refresh/refreshes.js';
import { isGuid, type NamedPlace, resolveName } from '../catalog/refresh/resolve-name.js';
import type { Database } from '../db/database.js';
import { withoutWorker } from './without-worker.js';

/** What is to be read again for somebody, and by which runs. */
export interface RefreshPlan {
  items: NewRefreshItem[];
  crawlers: { crawlerId: string; crawlerName: string; resourceGroup: string; runId: string }[];
}

/** Finds what names mean to an actor, and who would read it. What cannot be begun has its outcome at once. */
export async function planRefresh(database: Database, actor: Actor, asked: readonly string[]): Promise<RefreshPlan> {
  const crawlers = new Map<string, RefreshPlan['crawlers'][number]>();
  const refusals = new Map<string, ReturnType<typeof refusalOf>>();
  const items: NewRefreshItem[] = [];
  for (const name of new Set(asked)) {
    const places = await resolveName(database, name, visiblePredicate(actor));
    const [place] = places;
    if (place === undefined || places.length > 1) {
      items.push({ asked: name, ...(place === undefined ? notVisible(name) : ambiguous(places)) });
      continue;
    }
    const refused = refusals.get(place.crawlerId) ?? refusalOf(database, actor, place);
    refusals.set(place.crawlerId, refused);
    const outcome = await refused;
    if (outcome !== undefined) {
      items.push({ asked: name, ...outcome });
      continue;
    }
    const { crawlerId, crawlerName, resourceGroupId } = place;
    const run = crawlers.get(crawlerId) ?? {
      crawlerId,
      crawlerName,
      resourceGroup: resourceGroupId,
      runId: randomUUID(),
    };
    crawlers.set(crawlerId, run);
    const { collectedDatabaseId, schema, table, entityId } = place;
    items.push({ asked: name, target: { runId: run.runId, crawlerId, collectedDatabaseId, schema, table, entityId } });
  }
  return { items, crawlers: [...crawlers.values()] };
}

type Outcome = { outcome: RefreshOutcome; detail: RefreshDetail };

/** The same words for what is not there and for what one may not see. */
function notVisible(name: string): Outcome {
  if (!isGuid(name) && !name.includes('.'))
    return {
      outcome: 'not-visible',
      detail: {
        message: 'No table of that name is on the map, or you may not see it',
        remedy: 'Where it is new, name it with its database, e.g. shop.sales.orders, so that its source can be asked.',
      },
    };
  return {
    outcome: 'out-of-scope',
    detail: {
      message: 'No crawler that you may see collects a database of that name',
      remedy:
        'Check the name. Else add the database to the scope of a crawler, or ask an admin of the workspace that has its data source to add you.',
    },
  };
}

function ambiguous(places: readonly NamedPlace[]): Outcome {
  const candidates = places.map(({ database, schema, table }) => [database, schema, table].filter(Boolean).join('.'));
  // Two servers may have a database of one name; then only numbers tell them apart.
  const distinct = new Set(candidates).size === candidates.length;
  return {
    outcome: 'ambiguous',
    detail: {
      message: `It may mean ${places.length} tables`,
      remedy: 'Ask for one of the candidates.',
      candidates: places.map(({ entityId }, at) => (distinct || entityId === null ? (candidates[at] ?? '') : entityId)),
    },
  };
}

async function refusalOf(database: Database, actor: Actor, place: NamedPlace): Promise<Outcome | undefined> {
  const { workspaceId, workspaceName, resourceGroupId, crawlerId } = place;
  if (!can(actor, 'entity.refresh', workspaceId))
    return {
      outcome: 'refused',
      detail: {
        code: 'FORBIDDEN',
        message: `You need the permission entity.refresh in the workspace ${workspaceName}`,
        remedy: `Ask an admin of ${workspaceName}.`,
      },
    };
  if ((await liveWorkers(database, resourceGroupId)).length === 0)
    return { outcome: 'refused', detail: withoutWorker(resourceGroupId) };
  const until = quietUntil((await limitsOfCrawler(database, crawlerId)).quietHours, new Date());
  if (until === undefined) return undefined;
  return {
    outcome: 'refused',
    detail: {
      code: 'QUIET_HOURS',
      message: `The source is in its quiet hours until ${until.toISOString()}`,
      remedy: 'Refresh it after that.',
    },
  };
}
