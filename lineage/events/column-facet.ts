import { z } from 'zod';
import type { ExternalName } from '../store/nodes.js';
import type { FoundColumn } from '../store/record-edges.js';
import { nameShape, namespaceShape } from './event-shape.js';
import { canonicalNamespace } from './namespace.js';

const transformation = z.looseObject({ type: z.string().optional(), subtype: z.string().nullish() });
const inputField = z.looseObject({
  namespace: namespaceShape,
  name: nameShape,
  field: z.string().min(1).max(1_000),
  transformations: z.array(transformation).nullish(),
});
type InputField = z.output<typeof inputField>;

/** The facet columnLineage 1.0 to 1.2: of each column of an output what it is made of, and what concerns all of them. */
const columnLineage = z.looseObject({
  fields: z
    .record(z.string(), z.looseObject({ inputFields: z.array(inputField), transformationType: z.string().nullish() }))
    .nullish(),
  dataset: z.array(inputField).nullish(),
});

/** What one data set gives to another, column by column. */
export interface ColumnFlow {
  upstream: ExternalName;
  columns: FoundColumn[];
}

const DIRECT: Record<string, string> = { IDENTITY: 'direct', TRANSFORMATION: 'expression', AGGREGATION: 'aggregation' };
const INDIRECT: Record<string, string> = {
  FILTER: 'filter',
  JOIN: 'join',
  GROUP_BY: 'group',
  SORT: 'order',
  WINDOW: 'window',
  CONDITIONAL: 'conditional',
};
/** Indirect uses that decide a value of one column; the others decide which rows there are, for every column. */
const OF_ONE_COLUMN = new Set(['window', 'conditional']);

/** What the facet says, by upstream; nothing where it is not of its shape or was deleted. */
export function columnFlows(facet: unknown): ColumnFlow[] {
  const parsed = columnLineage.safeParse(facet);
  if (!parsed.success || parsed.data._deleted === true) return [];
  const flows = new Map<string, ColumnFlow>();
  const add = (field: InputField, column: FoundColumn) => {
    const upstream = { namespace: canonicalNamespace(field.namespace), name: field.name };
    const key = JSON.stringify([upstream.namespace, upstream.name]);
    const flow = flows.get(key) ?? { upstream, columns: [] };
    flow.columns.push(column);
    flows.set(key, flow);
  };
  for (const [downstream, { inputFields, transformationType }] of Object.entries(parsed.data.fields ?? {})) {
    for (const field of inputFields) {
      for (const use of usesOf(field, transformationType)) {
        const everyColumn = !use.direct && !OF_ONE_COLUMN.has(use.transformation);
        add(field, {
          upstream: field.field,
          downstream: everyColumn ? '' : downstream,
          transformation: use.transformation,
        });
      }
    }
  }
  for (const field of parsed.data.dataset ?? []) {
    for (const { transformation: how } of usesOf(field, undefined)) {
      add(field, { upstream: field.field, downstream: '', transformation: how in DIRECT_WORDS ? 'other' : how });
    }
  }
  return [...flows.values()].map(({ upstream, columns }) => ({ upstream, columns: onceEach(columns) }));
}

const DIRECT_WORDS: Record<string, true> = { direct: true, expression: true, aggregation: true };

/** Whether columns of an edge say that values come along it. */
export const isDirect = (columns: readonly FoundColumn[]): boolean =>
  columns.some(({ downstream, transformation: how }) => downstream !== '' && how in DIRECT_WORDS);

/** How a field is used; one without a word on it gives its value, as in the facet's first version. */
function usesOf(
  { transformations }: InputField,
  ofOutput: string | null | undefined,
): { direct: boolean; transformation: string }[] {
  if (transformations == null || transformations.length === 0)
    return [{ direct: true, transformation: ofOutput == null || ofOutput === 'IDENTITY' ? 'direct' : 'expression' }];
  return transformations.map(({ type, subtype }) => {
    const word = subtype?.toUpperCase() ?? '';
    if (type?.toUpperCase() === 'INDIRECT') return { direct: false, transformation: INDIRECT[word] ?? 'other' };
    return { direct: true, transformation: DIRECT[word] ?? 'expression' };
  });
}

/** Sorted, so that the same facet always gives the same text. */
function onceEach(columns: readonly FoundColumn[]): FoundColumn[] {
  const byKey = new Map(columns.map((column) => [keyOf(column), column]));
  return [...byKey.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, column]) => column);
}

const keyOf = ({ upstream, downstream, transformation: how }: FoundColumn): string =>
  JSON.stringify([downstream, upstream, how]);
