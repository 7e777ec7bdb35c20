import { randomUUID } from 'node:crypto';

/** Columns of an output, each made of one of an input. */
const COLUMNS = 10;

/**
 * Events of runs of so many jobs, as an emitter sends them: a start with the inputs, and an end with inputs, outputs, their
 * schema and columns, some 4 KB. Every job reads two tables and writes one, a file or a table in turns.
 */
export function* benchEvents(jobs: number, namespace: string, tables: readonly string[]): Generator<object> {
  const common = {
    producer: 'https://example.com/bench',
    schemaURL: 'https://openlineage.io/spec/2-0-2/OpenLineage.json',
  };
  const table = (place: number) => ({ namespace, name: tables[place % tables.length] ?? '' });
  for (let run = 0; ; run += 1) {
    const job = run % jobs;
    const [first, second] = [table(job), table(job * 7 + 1)];
    const output = job % 2 === 0 ? table(job * 3 + 2) : { namespace: 's3://bench', name: `exports/job ${job}` };
    const of = {
      ...common,
      run: { runId: randomUUID(), facets: { nominalTime: { nominalStartTime: '2026-11-01T00:00:00Z' } } },
      job: {
        namespace: 'bench',
        name: `job ${job}`,
        facets: { sql: { query: `INSERT INTO t${job} SELECT * FROM s${job}` } },
      },
    };
    const at = () => new Date().toISOString();
    const fields = Array.from({ length: COLUMNS }, (_, place) => ({
      name: `c${place}`,
      type: 'bigint',
      description: '',
    }));
    const from = (name: string) => ({
      inputFields: [{ ...first, field: name, transformations: [{ type: 'DIRECT', subtype: 'IDENTITY' }] }],
    });
    const columnLineage = {
      fields: Object.fromEntries(fields.map(({ name }) => [name, from(name)])),
      dataset: [{ ...second, field: 'c0', transformations: [{ type: 'INDIRECT', subtype: 'JOIN' }] }],
    };
    yield { ...of, eventType: 'START', eventTime: at(), inputs: [first, second], outputs: [] };
    yield {
      ...of,
      eventType: 'COMPLETE',
      eventTime: at(),
      inputs: [first, second].map((dataset) => ({ ...dataset, facets: { schema: { fields } } })),
      outputs: [{ ...output, facets: { schema: { fields }, columnLineage } }],
    };
  }
}
