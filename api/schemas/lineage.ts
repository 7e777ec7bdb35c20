import { z } from 'zod';
import { cursor, decimalId, flag, limit, pageOf, uuid } from './lists.js';

const asOf = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: 'must be a date such as 2026-01-31, or a time with its zone such as 2026-01-31T12:00:00Z',
  })
  .transform((text) => new Date(text.includes('T') ? text : `${text}T23:59:59.999Z`))
  .optional()
  .meta({ description: 'The map as it was then, on a date at its end by UTC; now when left out.' });
const depth = z.coerce.number().int().min(1).max(20).default(1).meta({ description: 'Steps from the entity.' });

const stale = (description: string) => z.enum(['show', 'hide']).default('show').meta({ description });
const staleWays = stale('hide goes along no edge along which nothing was seen to move data for long.');

export const lineageQuery = z
  .strictObject({
    direction: z.enum(['up', 'down', 'both']).default('both'),
    depth,
    level: z.enum(['table', 'column']).default('table'),
    column: z.string().min(1).max(1_000).optional().meta({
      description:
        'Follow this column alone, along what values are made of; with level=column. Where it only decides which rows there are, the edges of level=column have it.',
    }),
    asOf,
    stale: stale(
      'hide leaves out edges along which nothing was seen to move data for long, and what only they join to the entity; ' +
        'counts of neighbours are of all.',
    ),
    cursor,
    limit: limit(50, 200).meta({ description: 'Neighbours of each node on each side.' }),
  })
  .refine(({ level, column }) => column === undefined || level === 'column', {
    path: ['column'],
    error: 'goes with level=column',
  })
  .refine(({ column, cursor: from }) => column === undefined || from === undefined, {
    path: ['cursor'],
    error: 'does not go with a column: ask with a smaller depth, then from where the answer ends',
  });

const side = z.object({
  count: z.int().meta({ description: 'Neighbours that you may see, exactly.' }),
  restricted: z.boolean().meta({ description: 'There is something that you may not see, at least one.' }),
  nextCursor: z.string().optional().meta({ description: "Goes on with this node's neighbours; ask at the node." }),
});

const external = z.object({ namespace: z.string(), name: z.string() });
const entity = z
  .object({
    id: decimalId,
    kind: z.string(),
    type: z.string(),
    name: z.string(),
    qualifiedName: z.string(),
    schema: z.string().nullable(),
    database: z.string(),
    sourceType: z.string(),
    workspace: z.object({ id: z.string(), name: z.string() }),
    owner: z.string().nullable().meta({ description: 'By the source.' }),
    removedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'LineageEntity' });

const node = { key: z.string(), entity: entity.nullable(), external: external.nullable() };
/** What an edge or a run names: something of the map, or outside of it. */
export const nodeEnd = z.object(node).meta({ id: 'LineageEnd' });
const nodeSchema = z
  .object({
    ...node,
    distance: z.int().meta({ description: 'Steps from the entity; negative upstream.' }),
    upstream: side,
    downstream: side,
  })
  .meta({ id: 'LineageNode' });

const columnSchema = z.object({
  upstream: z.string(),
  downstream: z.string().meta({ description: 'Empty where the column only decides which rows there are.' }),
  transformation: z.string(),
});
const edgeSchema = z
  .object({
    upstream: z.string().meta({ description: 'The key of a node.' }),
    downstream: z.string(),
    direct: z.boolean().meta({ description: 'False where the upstream only decides which rows there are.' }),
    processes: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['view', 'query', 'job', 'manual']),
        name: z.string().nullable(),
        state: z.enum(['parsed', 'partial', 'unparsed', 'stated']),
        parser: z.string().nullable(),
        reason: z.string().nullable(),
        source: z.string().nullable().meta({ description: 'Of a query: `query_history`.' }),
        calls: z.number().nullable().meta({ description: 'Of a query: how often it ran, as far as is known.' }),
        statedBy: z.string().nullable(),
        edgeId: z.string().nullable().meta({ description: 'Of what a person stated: takes it back.' }),
        since: z.iso.datetime(),
        until: z.iso.datetime().nullable(),
        lastSeen: z.iso.datetime(),
        stale: z.boolean().meta({
          description: 'A job or statement that was not seen to run for long (90 days, or as the installation is set).',
        }),
      }),
    ),
    columns: z.array(columnSchema),
  })
  .meta({ id: 'LineageEdge' });

export const lineageSchema = z
  .object({
    start: z.string().nullable(),
    nodes: z.array(nodeSchema),
    edges: z.array(edgeSchema),
    truncated: z.boolean(),
  })
  .meta({ id: 'Lineage' });

export const pathQuery = z.strictObject({
  to: decimalId,
  asOf,
  stale: staleWays,
  thorough: flag.default(false).meta({
    description: 'Look ten times as far, which may take seconds: for whom an answer that is `truncated` is not enough.',
  }),
});
export const pathSchema = z
  .object({
    found: z.boolean(),
    nodes: z.array(nodeEnd).meta({ description: 'In the order in which data flows.' }),
    edges: z.array(edgeSchema),
    truncated: z.boolean().meta({
      description: 'It was not looked for to the end: there may be one. `thorough` looks further.',
    }),
  })
  .meta({ id: 'LineagePath' });

export const impactQuery = z.strictObject({ asOf, stale: staleWays, cursor, limit: limit(100, 500) });
export const impactCsvQuery = z.strictObject({ asOf, stale: staleWays });
const affectedSchema = z.object({
  ...node,
  distance: z.int(),
  owners: z.array(z.string()).meta({ description: 'Whom people named.' }),
});
export const impactPageSchema = pageOf(affectedSchema, 'ImpactPage').extend({
  total: z.int(),
  truncated: z.boolean(),
});

export const stateEdgeSchema = z
  .strictObject({
    direction: z.enum(['up', 'down']).meta({ description: 'On which side of the entity the other end is.' }),
    entityId: decimalId.optional(),
    external: z
      .strictObject({ namespace: z.string().min(1).max(500), name: z.string().min(1).max(1_000) })
      .optional()
      .meta({ description: 'Something that is not on the map, as OpenLineage names it.' }),
    reason: z.string().trim().min(1).max(2_000),
  })
  .refine((body) => (body.entityId === undefined) !== (body.external === undefined), {
    error: 'name the other end: either entityId or external',
  })
  .meta({ id: 'StateEdge' });
export const statedEdgeSchema = z.object({ edgeId: z.string() }).meta({ id: 'StatedEdge' });
export const statedEdgeParams = z.strictObject({ id: decimalId, edgeId: uuid });
