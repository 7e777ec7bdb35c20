import { visiblePredicate } from '../../access/visibility.js';
import { describeTable, describeVersion, type TableOfSource } from '../../catalog/entities/describe-table.js';
import { ddlOf } from '../ddl-of.js';
import { Problem } from '../problems.js';
import { type Route, route, visible } from '../route.js';
import { decimalParams } from '../schemas/lists.js';
import { ddlSchema, versionParams } from '../schemas/versions.js';

const tag = 'Map';

export const ddlRoutes: Route[] = [
  route({
    method: 'get',
    path: '/tables/:id/ddl',
    tag,
    summary: 'Read the statements that make a table anew',
    description:
      'Rebuilt from what was collected, in the dialect of the source: columns, defaults, keys, indexes, comments and the ' +
      'first 1,000 partitions. What was not collected is named in comment lines at the beginning.',
    access: visible,
    params: decimalParams,
    reply: { status: 200, description: 'The statements as one text.', body: ddlSchema },
    problems: ['NO_DDL'],
    handle: async ({ database }, { actor, params }) => ({
      body: written(await describeTable(database, params.id, visiblePredicate(actor))),
    }),
  }),
  route({
    method: 'get',
    path: '/tables/:id/versions/:version/ddl',
    tag,
    summary: 'Read the statements that make a version of a table',
    description: 'As it stood then, without partitions, which versions do not keep.',
    access: visible,
    params: versionParams,
    reply: { status: 200, description: 'The statements as one text.', body: ddlSchema },
    problems: ['NO_DDL'],
    handle: async ({ database }, { actor, params }) => ({
      body: written(await describeVersion(database, params.id, params.version, visiblePredicate(actor))),
    }),
  }),
];

function written({ sourceType, version, table }: TableOfSource) {
  const ddl = ddlOf(sourceType, table);
  if (ddl === undefined)
    throw new Problem('NO_DDL', `Sources of the type ${sourceType} make no tables by statements`, {
      remedy: 'Read the columns, keys and indexes of the table instead.',
    });
  return { version, sourceType, ...ddl };
}
