import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { OpenLineageEvent } from './event-shape.js';

/**
 * A line of `org.apache.hadoop.hive.ql.hooks.LineageLogger`, as Hive 1.2 to 4 write it (ql/hooks/LineageLogger.java): the
 * columns that a statement read and wrote. Columns of a result that goes nowhere have no table in their `vertexId`.
 */
const line = z.looseObject({
  version: z.union([z.string(), z.number()]).optional(),
  user: z.string().optional(),
  /** Seconds. */
  timestamp: z.number().int().min(0).max(32_503_680_000),
  hash: z.string().max(200).optional(),
  database: z.string().optional(),
  engine: z.string().optional(),
  queryText: z.string().min(1),
  edges: z.array(
    z.looseObject({
      sources: z.array(z.number().int()),
      targets: z.array(z.number().int()),
      expression: z.string().nullish(),
      edgeType: z.enum(['PROJECTION', 'PREDICATE']),
    }),
  ),
  vertices: z
    .array(
      z.looseObject({
        id: z.number().int(),
        vertexType: z.enum(['COLUMN', 'TABLE', 'PARTITION']),
        vertexId: z.string().min(1).max(1_500),
      }),
    )
    .max(20_000),
});
type Line = z.output<typeof line>;

const PRODUCER = 'https://hive.apache.org/LineageLogger';
const SCHEMA = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent';

/** What a line is: an event, nothing that moves data, or why it is not taken. */
export type ReadLine = { event: OpenLineageEvent } | { nothing: true } | { reason: string };

/**
 * Reads one line of the log, with or without what a logger wrote before it, as an event of OpenLineage.
 * @param namespace of the names in it, e.g. `hive://metastore.example:9083`
 */
export function readHiveLine(text: string, namespace: string): ReadLine {
  const start = text.indexOf('{');
  if (start < 0) return { reason: 'has no JSON in it' };
  let json: unknown;
  try {
    json = JSON.parse(text.slice(start));
  } catch {
    return { reason: 'is not whole JSON: the line may have been cut' };
  }
  const parsed = line.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { reason: `${issue?.path.join('.')} ${issue?.message}`.trim() };
  }
  const event = eventOf(parsed.data, namespace);
  return event === undefined ? { nothing: true } : { event };
}

interface Column {
  table: string;
  column: string | undefined;
}

function eventOf(hive: Line, namespace: string): OpenLineageEvent | undefined {
  const vertices = new Map(hive.vertices.map((vertex) => [vertex.id, placeOf(vertex)]));
  const at = (id: number) => vertices.get(id);
  const inputs = new Set<string>();
  const outputs = new Map<string, { fields: Map<string, Field[]>; dataset: Field[] }>();
  for (const { sources, targets, edgeType, expression } of hive.edges) {
    for (const target of targets.flatMap((id) => at(id) ?? [])) {
      const output = outputs.get(target.table) ?? { fields: new Map<string, Field[]>(), dataset: [] };
      outputs.set(target.table, output);
      for (const source of sources.flatMap((id) => at(id) ?? [])) {
        inputs.add(source.table);
        if (source.column === undefined) continue;
        const projected = edgeType === 'PROJECTION' && target.column !== undefined;
        const field = fieldOf(namespace, source, projected ? useOf(expression) : FILTER);
        if (projected)
          output.fields.set(target.column ?? '', [...(output.fields.get(target.column ?? '') ?? []), field]);
        else output.dataset.push(field);
      }
    }
  }
  if (outputs.size === 0) return undefined;
  const digest = createHash('sha256')
    .update(JSON.stringify([namespace, hive]))
    .digest('hex');
  const schema = { _producer: PRODUCER, _schemaURL: SCHEMA };
  return {
    eventType: 'COMPLETE',
    eventTime: new Date(hive.timestamp * 1_000).toISOString(),
    producer: PRODUCER,
    schemaURL: SCHEMA,
    run: { runId: asUuid(digest), facets: { hive_lineage: { ...schema, user: hive.user, engine: hive.engine } } },
    job: {
      namespace,
      name: `query ${hive.hash ?? createHash('md5').update(hive.queryText).digest('hex')}`,
      facets: { sql: { ...schema, query: hive.queryText, dialect: 'hive' } },
    },
    inputs: [...inputs].map((name) => ({ namespace, name })),
    outputs: [...outputs].map(([name, { fields, dataset }]) => ({
      namespace,
      name,
      facets: {
        columnLineage: {
          ...schema,
          fields: Object.fromEntries([...fields].map(([column, inputFields]) => [column, { inputFields }])),
          dataset: onceEach(dataset),
        },
      },
    })),
  };
}

/** Undefined for a column of a result that is in no table. */
function placeOf({ vertexType, vertexId }: Line['vertices'][number]): Column | undefined {
  const parts = vertexId.split('.');
  if (vertexType === 'COLUMN') {
    // Columns that hold dots do not exist in Hive; a database and a table have none either.
    const [database, table, ...column] = parts;
    if (database === undefined || table === undefined || column.length === 0) return undefined;
    return { table: `${database}.${table}`, column: column.join('.') };
  }
  const [database, table] = parts;
  if (database === undefined || table === undefined) return undefined;
  // A partition is written `database@table@day=1`, or with its table before a slash.
  return { table: `${database}.${table}`.split('/')[0] ?? '', column: undefined };
}

interface Field {
  namespace: string;
  name: string;
  field: string;
  transformations: { type: string; subtype: string }[];
}

const FILTER = { type: 'INDIRECT', subtype: 'FILTER' };

/** Hive writes an expression where a value is not merely taken over. */
function useOf(expression: string | null | undefined): { type: string; subtype: string } {
  if (expression == null || expression === '') return { type: 'DIRECT', subtype: 'IDENTITY' };
  const aggregates = /^\s*(sum|count|min|max|avg|collect_(?:set|list)|std\w*|var\w*|percentile\w*)\s*\(/i;
  return { type: 'DIRECT', subtype: aggregates.test(expression) ? 'AGGREGATION' : 'TRANSFORMATION' };
}

function fieldOf(namespace: string, { table, column = '' }: Column, how: { type: string; subtype: string }): Field {
  return { namespace, name: table, field: column, transformations: [how] };
}

/** A predicate concerns every target, and Hive names each of them. */
const onceEach = (fields: readonly Field[]): Field[] => [
  ...new Map(fields.map((field) => [`${field.name} ${field.field}`, field])).values(),
];

const asUuid = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
