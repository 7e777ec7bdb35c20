import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Actor } from '../../access/actor.js';
import { visibleOutside, visiblePredicate } from '../../access/visibility.js';
import { requireVisible } from '../../catalog/entities/entity.js';
import { type Affected, allImpact, listImpact } from '../../lineage/read/impact.js';
import type { Ways } from '../../lineage/read/reach.js';
import type { ApiConfig } from '../config.js';
import { csvLine } from '../csv.js';
import { presentNode } from '../present-lineage.js';
import { type Route, route, visible } from '../route.js';
import { impactCsvQuery, impactPageSchema, impactQuery } from '../schemas/lineage.js';
import { decimalParams } from '../schemas/lists.js';
import { staleSince } from '../stale-since.js';

const tag = 'Lineage';
const HEADINGS = [
  'distance',
  'qualified_name',
  'type',
  'source_type',
  'workspace',
  'owners',
  'source_owner',
  'outside',
];

const waysOf = (config: ApiConfig, actor: Actor, asOf: Date | undefined, stale: 'show' | 'hide'): Ways => ({
  visible: visiblePredicate(actor),
  outside: visibleOutside(actor),
  asOf,
  freshSince: stale === 'hide' ? staleSince(config, asOf) : undefined,
});

export const impactRoutes: Route[] = [
  route({
    method: 'get',
    path: '/entities/:id/impact',
    tag,
    summary: 'List everything that a change of a table may reach',
    description: 'All that is downstream and that you may see, the nearest first, with its owners.',
    access: visible,
    params: decimalParams,
    query: impactQuery,
    reply: { status: 200, description: 'A page of what may be affected.', body: impactPageSchema },
    handle: async ({ database, config }, { actor, params, query: { asOf, stale, ...page } }) => {
      const ways = waysOf(config, actor, asOf, stale);
      await requireVisible(database, params.id, ways.visible);
      const found = await listImpact(database, params.id, page, ways);
      return { body: { ...found, items: found.items.map(presentNode) } };
    },
  }),
  route({
    method: 'get',
    path: '/entities/:id/impact.csv',
    tag,
    summary: 'Export everything that a change of a table may reach as CSV',
    description: 'At most 100,000; the header X-Datamap-Truncated is true where there are more.',
    access: visible,
    params: decimalParams,
    query: impactCsvQuery,
    reply: { status: 200, description: 'A line for each, after one of headings.', stream: 'text/csv' },
    handle: async ({ database, config }, { actor, params, query: { asOf, stale }, request, response }) => {
      const ways = waysOf(config, actor, asOf, stale);
      await requireVisible(database, params.id, ways.visible);
      const { truncated, batches } = await allImpact(database, params.id, ways);
      response.writeHead(200, {
        'Content-Type': 'text/csv; charset=utf-8',
        'Content-Disposition': 'attachment; filename="impact.csv"',
        'Cache-Control': 'no-store',
        'X-Datamap-Truncated': String(truncated),
      });
      // Of an error, and of a client that is gone, the answer ends broken off: a file that is cut off must not look whole.
      await pipeline(Readable.from(linesOf(batches)), response).catch((err: unknown) => {
        request.log.error({ err }, 'An export of what is affected ended early');
      });
      return undefined;
    },
  }),
];

async function* linesOf(batches: AsyncIterable<Affected[]>): AsyncGenerator<string> {
  // With the mark by which spreadsheets know UTF-8.
  yield `\ufeff${csvLine(HEADINGS)}`;
  for await (const batch of batches) yield batch.map(lineOf).join('');
}

function lineOf(affected: Affected): string {
  const { distance, owners, entity, external } = presentNode(affected);
  return csvLine([
    distance,
    entity?.qualifiedName ?? external?.name ?? '',
    entity?.type ?? null,
    entity?.sourceType ?? null,
    entity?.workspace.name ?? null,
    owners.join('; '),
    entity?.owner ?? null,
    external?.namespace ?? null,
  ]);
}
