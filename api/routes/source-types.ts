import { z } from 'zod';
import type { ConnectorSpec } from '../../connectors/contract.js';
import { connectorSpecs, sourceCoverage, sourceGaps } from '../../connectors/registry.js';
import { type Route, route, signedIn } from '../route.js';
import { sourceTypeListSchema } from '../schemas/data-sources.js';

export const sourceTypeRoutes: Route[] = [
  route({
    method: 'get',
    path: '/source-types',
    tag: 'Data sources',
    summary: 'List the types of data sources',
    description:
      'What each type is called, collects and needs; `configSchema` is enough to draw a form. `gaps` says what it never has ' +
      'on the map, `coverage` how soon what is there, for every type.',
    access: signedIn,
    reply: { status: 200, description: 'All types.', body: sourceTypeListSchema },
    handle: async () => ({ body: { items: connectorSpecs.map(presentType), coverage: sourceCoverage } }),
  }),
];

function presentType(spec: ConnectorSpec): z.input<typeof sourceTypeListSchema>['items'][number] {
  return {
    ...spec,
    secrets: [...spec.secrets],
    urlSchemes: [...spec.urlSchemes],
    gaps: sourceGaps(spec.type),
    configSchema: z.toJSONSchema(spec.configSchema, { io: 'input' }) as Record<string, unknown>,
  };
}
