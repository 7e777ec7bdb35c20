import { visiblePredicate } from '../../access/visibility.js';
import { diffVersions } from '../../catalog/entities/diff-versions.js';
import { listColumns } from '../../catalog/entities/list-columns.js';
import { listPartitions } from '../../catalog/entities/list-partitions.js';
import { getVersion, listVersions } from '../../catalog/entities/versions.js';
import { type Route, route, visible } from '../route.js';
import {
  columnPageSchema,
  columnQuery,
  diffQuery,
  partitionPageSchema,
  partitionQuery,
  versionDiffSchema,
  versionPageSchema,
  versionParams,
  versionSchema,
} from '../schemas/entities.js';
import { decimalParams, pageQuery } from '../schemas/lists.js';

const tag = 'Map';

export const tableRoutes: Route[] = [
  route({
    method: 'get',
    path: '/tables/:id/columns',
    tag,
    summary: "List a table's columns",
    access: visible,
    params: decimalParams,
    query: columnQuery,
    reply: { status: 200, description: 'A page of columns, in order.', body: columnPageSchema },
    handle: async ({ database }, { actor, params, query: { q, ...page } }) => ({
      body: await listColumns(database, params.id, { text: q }, page, visiblePredicate(actor)),
    }),
  }),
  route({
    method: 'get',
    path: '/tables/:id/partitions',
    tag,
    summary: "List a table's partitions",
    access: visible,
    params: decimalParams,
    query: partitionQuery,
    reply: { status: 200, description: 'A page of partitions, by name.', body: partitionPageSchema },
    handle: async ({ database }, { actor, params, query: { prefix, ...page } }) => ({
      body: await listPartitions(database, params.id, { prefix }, page, visiblePredicate(actor)),
    }),
  }),
  route({
    method: 'get',
    path: '/tables/:id/versions',
    tag,
    summary: "List a table's versions, newest first",
    description: 'Each is a structure that differed from the one before, and the run that saw it first.',
    access: visible,
    params: decimalParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of versions.', body: versionPageSchema },
    handle: async ({ database }, { actor, params, query }) => ({
      body: await listVersions(database, params.id, query, visiblePredicate(actor)),
    }),
  }),
  route({
    method: 'get',
    path: '/tables/:id/versions/diff',
    tag,
    summary: 'Compare two versions of a table',
    access: visible,
    params: decimalParams,
    query: diffQuery,
    reply: { status: 200, description: 'What differs.', body: versionDiffSchema },
    handle: async ({ database }, { actor, params, query }) => {
      const seen = visiblePredicate(actor);
      const [from, to] = [
        await getVersion(database, params.id, query.from, seen),
        await getVersion(database, params.id, query.to, seen),
      ];
      return { body: diffVersions(from, to) };
    },
  }),
  route({
    method: 'get',
    path: '/tables/:id/versions/:version',
    tag,
    summary: 'Read a version of a table in full',
    access: visible,
    params: versionParams,
    reply: { status: 200, description: 'The table as it stood then.', body: versionSchema },
    handle: async ({ database }, { actor, params }) => ({
      body: await getVersion(database, params.id, params.version, visiblePredicate(actor)),
    }),
  }),
];
