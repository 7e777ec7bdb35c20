const text = { type: 'string', minLength: 1 };
const uri = { type: 'string', format: 'uri' };
const time = { type: 'string', format: 'date-time' };
const uuid = { type: 'string', format: 'uuid' };
const facet = (properties: object = {}, required: string[] = []) => ({
  type: 'object',
  properties: { _producer: uri, _schemaURL: uri, ...properties },
  required: ['_producer', '_schemaURL', ...required],
});
const job = { type: 'object', properties: { namespace: text, name: text }, required: ['namespace', 'name'] };
const run = { type: 'object', properties: { runId: uuid }, required: ['runId'] };
const others = { additionalProperties: facet() };

/** What the specification 2-0-2 and its facets ask of what is told here: https://openlineage.io/spec/2-0-2/OpenLineage.json */
export const RUN_EVENT = {
  type: 'object',
  required: ['eventTime', 'producer', 'schemaURL', 'run', 'job'],
  properties: {
    eventTime: time,
    producer: uri,
    schemaURL: uri,
    eventType: { enum: ['START', 'RUNNING', 'COMPLETE', 'ABORT', 'FAIL', 'OTHER'] },
    run: {
      ...run,
      properties: {
        ...run.properties,
        facets: {
          type: 'object',
          properties: {
            processing_engine: facet({ version: text, name: text, openlineageAdapterVersion: text }, ['version']),
            nominalTime: facet({ nominalStartTime: time }, ['nominalStartTime']),
            parent: facet({ run, job }, ['run', 'job']),
            errorMessage: facet({ message: text, programmingLanguage: text }, ['message', 'programmingLanguage']),
          },
          ...others,
        },
      },
    },
    job: {
      ...job,
      properties: {
        ...job.properties,
        facets: {
          type: 'object',
          properties: {
            jobType: facet({ processingType: text, integration: text }, ['processingType', 'integration']),
            documentation: facet({ description: text }, ['description']),
          },
          ...others,
        },
      },
    },
    inputs: { type: 'array', items: job },
    outputs: {
      type: 'array',
      items: {
        ...job,
        properties: {
          ...job.properties,
          facets: {
            type: 'object',
            properties: {
              dataSource: facet({ name: text, uri }),
              datasetType: facet({ datasetType: text }, ['datasetType']),
              schema: facet({
                fields: { type: 'array', items: { type: 'object', properties: { name: text }, required: ['name'] } },
              }),
            },
            ...others,
          },
        },
      },
    },
  },
};
