import { visiblePredicate } from '../../access/visibility.js';
import { describedVersion } from '../../catalog/entities/describe-table.js';
import { diffTexts, diffVersions } from '../../catalog/entities/diff-versions.js';
import { getEntity } from '../../catalog/entities/entity.js';
import { listColumns } from '../../catalog/entities/list-columns.js';
import { listPartitions } from '../../catalog/entities/list-partitions.js';
import { listReferences, listReferrers, type Reference } from '../../catalog/entities/references.js';
import { getVersion, listVersions, type Version } from '../../catalog/entities/versions.js';
import { ddlOf } from '../ddl-of.js';
import { qualifiedName } from '../qualified-name.js';
import { type Route, route, visible } from '../route.js';
import { decimalParams, pageQuery } from '../schemas/lists.js';
import {
  columnPageSchema,
  columnQuery,
  partitionPageSchema,
  partitionQuery,
  referenceListSchema,
  referencePageSchema,
} from '../schemas/table-parts.js';
import {
  diffQuery,
  tableVersionDiffSchema,
  versionPageSchema,
  versionParams,
  versionSchema,
} from '../schemas/versions.js';

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
    reply: { status: 200, description: 'A page of columns, in the order asked for.', body: columnPageSchema },
    handle: async ({ database }, { actor, params, query: { q, name, type, comment, key, sort, order, ...page } }) => ({
      body: await listColumns(
        database,
        params.id,
        { text: q, name, type, commented: comment, key },
        { ...page, sort, descending: order === 'desc' },
        visiblePredicate(actor),
      ),
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
    handle: async ({ database }, { actor, params, query: { prefix, order, ...page } }) => ({
      body: await listPartitions(
        database,
        params.id,
        { prefix },
        { ...page, descending: order === 'desc' },
        visiblePredicate(actor),
      ),
    }),
  }),
  route({
    method: 'get',
    path: '/tables/:id/references',
    tag,
    summary: 'List what a table refers to by foreign keys',
    access: visible,
    params: decimalParams,
    reply: { status: 200, description: 'Its foreign keys, as it declares them.', body: referenceListSchema },
    handle: async ({ database }, { actor, params }) => ({
      body: { items: (await listReferences(database, params.id, visiblePredicate(actor))).map(withQualifiedName) },
    }),
  }),
  route({
    method: 'get',
    path: '/tables/:id/referrers',
    tag,
    summary: 'List what refers to a table by foreign keys',
    access: visible,
    params: decimalParams,
    query: pageQuery,
    reply: { status: 200, description: 'A page of keys of tables that you may see.', body: referencePageSchema },
    handle: async ({ database }, { actor, params, query }) => {
      const page = await listReferrers(database, params.id, query, visiblePredicate(actor));
      return { body: { ...page, items: page.items.map(withQualifiedName) } };
    },
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
    reply: { status: 200, description: 'What differs.', body: tableVersionDiffSchema },
    handle: async ({ database }, { actor, params, query }) => {
      const seen = visiblePredicate(actor);
      const entity = await getEntity(database, params, seen);
      const [from, to] = [
        await getVersion(database, params.id, query.from, seen),
        await getVersion(database, params.id, query.to, seen),
      ];
      return { body: { ...diffVersions(from, to), ddl: diffDdl(entity.sourceType, from, to) } };
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

function diffDdl(sourceType: string, from: Version, to: Version): string | null {
  const [before, after] = [from, to].map((version) => ddlOf(sourceType, describedVersion(version)));
  if (before === undefined || after === undefined) return null;
  return diffTexts({ version: from.version, text: before.text }, { version: to.version, text: after.text });
}

function withQualifiedName(reference: Reference) {
  const { entity } = reference;
  return { ...reference, entity: entity && { ...entity, qualifiedName: qualifiedName({ ...entity, kind: 'table' }) } };
}
