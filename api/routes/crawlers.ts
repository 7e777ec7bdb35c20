import type { Actor } from '../../access/actor.js';
import { visibleWorkspaces } from '../../access/visibility.js';
import { DatabaseTaken } from '../../catalog/crawlers/errors.js';
import { getCrawler, listCrawlers } from '../../catalog/crawlers/read-crawlers.js';
import { checkScope } from '../../catalog/crawlers/scope.js';
import { createCrawler, markDeleting, setPaused, updateCrawler } from '../../catalog/crawlers/write-crawlers.js';
import { allLeaving, leavingDatabases, previewScope } from '../../catalog/retire/leaving.js';
import { getSource } from '../../catalog/sources/read-sources.js';
import { beginOperation } from '../begin-operation.js';
import type { ApiContext } from '../context.js';
import { authoriseVisibilities, recordVisibilities } from '../database-visibility.js';
import { ownerFor } from '../owner-of-database.js';
import { presentCrawler, presentCrawlerSummary } from '../present-crawler.js';
import { Problem } from '../problems.js';
import { projectSchedule } from '../project-schedule.js';
import { requireQueryHistory } from '../require-query-history.js';
import { inBodysWorkspace, onWorkspaceOf, type Route, route, visible } from '../route.js';
import {
  crawlerListQuery,
  crawlerPageSchema,
  crawlerPatchSchema,
  crawlerSchema,
  deletionImpactSchema,
  newCrawlerSchema,
  pauseSchema,
  scopePreviewRequestSchema,
  scopePreviewSchema,
} from '../schemas/crawlers.js';
import { uuidParams } from '../schemas/lists.js';
import { operationSchema } from '../schemas/operations.js';

const find = ({ database }: ApiContext, { id }: { id: string }) => getCrawler(database, id);
const tag = 'Crawlers';

export const crawlerRoutes: Route[] = [
  route({
    method: 'get',
    path: '/crawlers',
    tag,
    summary: 'List crawlers',
    description: 'By name, without those being deleted.',
    access: visible,
    query: crawlerListQuery,
    reply: { status: 200, description: 'A page of crawlers.', body: crawlerPageSchema },
    handle: async ({ database }, { actor, query: { q, cursor, limit, ...filters } }) => {
      const page = await listCrawlers(database, {
        visible: visibleWorkspaces(actor),
        filters: { ...filters, text: q },
        cursor,
        limit,
      });
      return { body: { ...page, items: page.items.map((crawler) => presentCrawlerSummary(crawler, actor)) } };
    },
  }),
  route({
    method: 'post',
    path: '/crawlers',
    tag,
    summary: 'Create a crawler',
    description: 'A database belongs to one crawler: what another one collects is refused, naming it.',
    access: inBodysWorkspace('crawler.write'),
    audit: 'crawler.create',
    body: newCrawlerSchema,
    idempotent: true,
    reply: { status: 201, description: 'The crawler.', body: crawlerSchema },
    problems: ['DATABASE_TAKEN', 'CYCLE_NEEDS_PRODUCTION', 'NAME_TAKEN', 'NO_QUERY_HISTORY'],
    handle: async (context, { actor, body }) => {
      if (body.queryHistory) {
        const source = await getSource(context.database, body.dataSourceId);
        if (source.workspaceId === body.workspaceId) requireQueryHistory(source.type);
      }
      const crawler = await namingOwners(actor, () =>
        createCrawler(context.database, { ...body, createdBy: actor.personId }),
      );
      await projectSchedule(context, crawler);
      return {
        body: await presentCrawler(context, crawler, actor),
        version: crawler.version,
        headers: { Location: `/api/v1/crawlers/${crawler.id}` },
      };
    },
  }),
  route({
    method: 'get',
    path: '/crawlers/:id',
    tag,
    summary: 'Read a crawler',
    access: onWorkspaceOf('crawler.read', 'crawler', find),
    params: uuidParams,
    reply: { status: 200, description: 'The crawler with its scope and next runs.', body: crawlerSchema },
    handle: async (context, { actor, target }) => ({
      body: await presentCrawler(context, target, actor),
      version: target.version,
    }),
  }),
  route({
    method: 'patch',
    path: '/crawlers/:id',
    tag,
    summary: 'Change a crawler',
    description:
      'A run that is open goes on by what it started with. Databases taken out of the scope are no longer shown, and leave the map in the background: see `operation`. They come back, with what people wrote, when they are collected again within 30 days. Making a database public within the tenant takes entity.publish, which admins of the workspace have.',
    access: onWorkspaceOf('crawler.write', 'crawler', find),
    audit: 'crawler.edit',
    params: uuidParams,
    body: crawlerPatchSchema,
    edits: (context, { target, actor }) => presentCrawler(context, target, actor),
    reply: {
      status: 200,
      description: 'The crawler as it is now.',
      accepted: 'The same, and databases are leaving the map: see `operation`, and Location for how far it is.',
      body: crawlerSchema,
    },
    problems: ['DATABASE_TAKEN', 'CYCLE_NEEDS_PRODUCTION', 'NAME_TAKEN', 'CRAWLER_DELETING', 'NO_QUERY_HISTORY'],
    handle: async (context, { actor, params, body, target, request }) => {
      if (body.queryHistory === true) requireQueryHistory(target.dataSource.type);
      authoriseVisibilities(actor, target, body.databaseVisibilities);
      const { crawler, operation } = await namingOwners(actor, () =>
        updateCrawler(context.database, params.id, {
          ...body,
          version: target.version,
          changedBy: actor.personId,
          recordVisibilities: recordVisibilities(actor, target.workspaceId, String(request.id)),
        }),
      );
      await projectSchedule(context, crawler);
      const begun = operation === undefined ? {} : await beginOperation(context, operation);
      return { body: await presentCrawler(context, crawler, actor, operation), version: crawler.version, ...begun };
    },
  }),
  route({
    method: 'delete',
    path: '/crawlers/:id',
    tag,
    summary: 'Delete a crawler and what it collected',
    description: 'Goes on in the background: it stops the open run, then takes the tables off the map. Repeatable.',
    access: onWorkspaceOf('crawler.delete', 'crawler', find),
    audit: 'crawler.delete',
    params: uuidParams,
    reply: {
      status: 202,
      description: 'It is being deleted: the operation says how far it is. A repeat gets the same one.',
      body: operationSchema,
    },
    handle: async (context, { actor, target }) => {
      const operation = await markDeleting(context.database, target.id, actor.personId);
      return { body: operation, ...(await beginOperation(context, operation)) };
    },
  }),
  route({
    method: 'get',
    path: '/crawlers/:id/deletion-impact',
    tag,
    summary: 'Tell how much leaves the map with a crawler',
    access: onWorkspaceOf('crawler.read', 'crawler', find),
    params: uuidParams,
    reply: { status: 200, description: 'Counts.', body: deletionImpactSchema },
    handle: async ({ database }, { params }) => {
      const leaving = allLeaving(await leavingDatabases(database, params.id, []));
      const { databases, tables, columns } = leaving;
      return { body: { databases: databases.length, tables, fields: columns, leaving } };
    },
  }),
  route({
    method: 'post',
    path: '/crawlers/:id/scope-preview',
    tag,
    summary: 'Tell what another scope would change',
    description: 'Nothing is changed. Whether another crawler collects what is added is told by the change itself.',
    access: onWorkspaceOf('crawler.read', 'crawler', find),
    params: uuidParams,
    body: scopePreviewRequestSchema,
    reply: { status: 200, description: 'What would be added, and what would leave the map.', body: scopePreviewSchema },
    handle: async ({ database }, { params, body: { databases } }) => {
      checkScope(databases);
      return { body: await previewScope(database, params.id, databases) };
    },
  }),
  route({
    method: 'post',
    path: '/crawlers/:id/pause',
    tag,
    summary: "Pause a crawler's plan",
    description: 'A run that is open goes on, and runs by hand stay possible.',
    access: onWorkspaceOf('crawler.write', 'crawler', find),
    audit: 'crawler.pause',
    params: uuidParams,
    body: pauseSchema,
    reply: { status: 200, description: 'The crawler, paused.', body: crawlerSchema },
    problems: ['CRAWLER_DELETING'],
    handle: async (context, { actor, params, body }) => setPausedTo(context, actor, params.id, true, body.note),
  }),
  route({
    method: 'post',
    path: '/crawlers/:id/resume',
    tag,
    summary: "Resume a crawler's plan",
    access: onWorkspaceOf('crawler.write', 'crawler', find),
    audit: 'crawler.resume',
    params: uuidParams,
    reply: { status: 200, description: 'The crawler, no longer paused.', body: crawlerSchema },
    problems: ['CRAWLER_DELETING'],
    handle: async (context, { actor, params }) => setPausedTo(context, actor, params.id, false),
  }),
];

async function setPausedTo(context: ApiContext, actor: Actor, id: string, paused: boolean, note?: string) {
  const crawler = await setPaused(context.database, id, { paused, note });
  await projectSchedule(context, crawler);
  return { body: await presentCrawler(context, crawler, actor), version: crawler.version };
}

/** Tells whose the taken databases are, where the actor may know. */
async function namingOwners<T>(actor: Actor, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DatabaseTaken)) throw error;
    const databases = error.databases.map(({ name, leaving, ...owner }) => ({
      name,
      leaving,
      ownedBy: ownerFor(actor, { crawlerId: owner.crawlerId, name: owner.crawlerName, workspaceId: owner.workspaceId }),
    }));
    const first = databases[0];
    const by =
      first !== undefined && 'name' in first.ownedBy ? ` ${first.name} belongs to crawler ${first.ownedBy.name}.` : '';
    throw new Problem(error.code, `${error.message}.${by}`, { remedy: error.remedy, extra: { databases } });
  }
}
