import { randomUUID } from 'node:crypto';
import type { Database } from '../../db/database.js';
import { acceptEvents } from '../../lineage/events/accept-events.js';
import { type OpenLineageEvent, openLineageEvent } from '../../lineage/events/event-shape.js';
import { foldEvents } from '../../lineage/events/fold-events.js';
import { lookAgain } from '../../lineage/events/look-again.js';

type Told = Record<string, unknown>;

/** An event of a run, as clients send it. Data sets are `namespace name`, or with facets. */
export function runEvent(event: {
  type?: string;
  at?: string;
  run?: string;
  job?: string;
  inputs?: (string | [string, Told])[];
  outputs?: (string | [string, Told])[];
  facets?: Told;
  jobFacets?: Told;
}): OpenLineageEvent {
  const { type = 'COMPLETE', at = '2026-11-01T10:00:00Z', run = randomUUID(), job = 'nightly' } = event;
  return openLineageEvent.parse({
    eventType: type,
    eventTime: at,
    producer: 'https://example.com/etl/1.2',
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent',
    run: { runId: run, facets: event.facets ?? {} },
    job: { namespace: 'etl', name: job, facets: event.jobFacets ?? {} },
    inputs: (event.inputs ?? []).map(dataset),
    outputs: (event.outputs ?? []).map(dataset),
  });
}

export function dataset(told: string | [string, Told]): { namespace: string; name: string; facets?: Told } {
  const [names, facets] = typeof told === 'string' ? [told] : told;
  const [namespace = '', name = ''] = names.split(' ');
  return { namespace, name, ...(facets === undefined ? {} : { facets }) };
}

/** A columnLineage facet: by output column `namespace name column` of each input, with how it is used. */
export function columnLineage(
  fields: Record<string, [string, ...string[]][]>,
  whole: [string, ...string[]][] = [],
): Told {
  const field = ([names, ...uses]: [string, ...string[]]) => {
    const [namespace, name, column] = names.split(' ');
    const transformations = uses.map((use) => {
      const [type, subtype] = use.split(' ');
      return { type, subtype, description: '', masking: false };
    });
    return { namespace, name, field: column, ...(uses.length === 0 ? {} : { transformations }) };
  };
  return {
    _producer: 'https://example.com/etl/1.2',
    _schemaURL: 'https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json',
    fields: Object.fromEntries(Object.entries(fields).map(([name, of]) => [name, { inputFields: of.map(field) }])),
    ...(whole.length === 0 ? {} : { dataset: whole.map(field) }),
  };
}

/** Takes the events and folds them with all that waits, so many at a time. */
export async function tell(
  database: Database,
  events: readonly OpenLineageEvent[],
  { workspaceId = null, at = 100 }: { workspaceId?: string | null; at?: number } = {},
): Promise<void> {
  for (let from = 0; from < events.length; from += at) {
    await acceptEvents(database, { workspaceId, personId: randomUUID() }, events.slice(from, from + at));
    while ((await foldEvents(database, at)).remaining);
  }
  while ((await foldEvents(database, at)).remaining);
  while (await lookAgain(database, 1_000));
}

/** Every edge of jobs that there is now, as text: by the names of the tables, or by what names them outside of the map. */
export async function edgesOf(database: Database): Promise<string[]> {
  const { rows } = await database.raw<{ rows: { edge: string }[] }>(
    `SELECT p.name || ': ' || coalesce(u.name, ue.name) || CASE WHEN l.direct THEN ' -> ' ELSE ' ~> ' END
            || coalesce(d.name, de.name)
            || coalesce((
                 SELECT ' (' || string_agg(c.upstream_column || ' ' || c.transformation || ' ' || c.downstream_column, ', '
                                           ORDER BY c.downstream_column, c.upstream_column, c.transformation) || ')'
                 FROM lineage_column_edge c WHERE c.edge_id = l.id), '') AS edge
     FROM lineage_edge l
     JOIN lineage_process p ON p.id = l.process_id AND p.kind = 'job'
     JOIN lineage_node u ON u.id = l.upstream
     JOIN lineage_node d ON d.id = l.downstream
     LEFT JOIN entity ue ON ue.id = u.entity_id
     LEFT JOIN entity de ON de.id = d.entity_id
     WHERE l.valid_to IS NULL`,
  );
  return rows.map(({ edge }) => edge).sort();
}
