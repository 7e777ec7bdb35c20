import { visibleWorkspaces } from '../../access/visibility.js';
import { deleteDocument, getDocument, listDocuments, putDocument } from '../../catalog/apis/api-documents.js';
import { openApiDocumentShape } from '../../catalog/apis/openapi-document.js';
import { ANY_TEXT, decodeCursor, pageOf, UUID } from '../../catalog/model/cursor.js';
import { indexAssets } from '../../search/index-assets.js';
import { notFound } from '../problems.js';
import { onWorkspaceOf, type Route, route, visible } from '../route.js';
import {
  apiDocumentDetailSchema,
  apiDocumentPageSchema,
  apiDocumentParams,
  apiDocumentSchema,
  apiDocumentsQuery,
} from '../schemas/assets.js';
import { findWorkspace } from './workspaces.js';

const tag = 'Map';
/** Megabytes of a document. */
const LARGEST = 5;
/** APIs whose words are taken apart in one transaction. */
const BATCH = 500;

export const apiDocumentRoutes: Route[] = [
  route({
    method: 'get',
    path: '/api-documents',
    tag,
    summary: 'List the OpenAPI documents of your workspaces',
    access: visible,
    query: apiDocumentsQuery,
    reply: { status: 200, description: 'A page of them, by workspace and name.', body: apiDocumentPageSchema },
    handle: async ({ database }, { actor, query: { workspaceId, cursor, limit } }) => {
      const after = decodeCursor(cursor, [UUID, ANY_TEXT]);
      const found = await listDocuments(database, visibleWorkspaces(actor), { workspaceId, after, limit: limit + 1 });
      return {
        body: pageOf(
          found,
          limit,
          (document) => document,
          ({ workspaceId: id, name }) => [id, name],
        ),
      };
    },
  }),
  route({
    method: 'get',
    path: '/workspaces/:id/api-documents/:name',
    tag,
    summary: 'Read an OpenAPI document',
    access: onWorkspaceOf('workspace.read', 'workspace', findWorkspace),
    params: apiDocumentParams,
    reply: { status: 200, description: 'The document, as it was given.', body: apiDocumentDetailSchema },
    handle: async ({ database }, { params }) => {
      const found = await getDocument(database, params.id, params.name);
      if (found === undefined) throw notFound('API document');
      return { body: { ...found, document: JSON.parse(found.document) as unknown } };
    },
  }),
  route({
    method: 'put',
    path: '/workspaces/:id/api-documents/:name',
    tag,
    summary: 'Give a workspace the OpenAPI document of an API',
    description:
      'OpenAPI 3.0 to 3.2, or Swagger 2.0, as JSON of at most 5 MB. Each operation becomes an API that the members of the workspace find ' +
      '(GET /search?kind=api). A document of the same name is replaced: operations that it no longer has are found no more.',
    access: onWorkspaceOf('source.write', 'workspace', findWorkspace),
    audit: 'api-document.write',
    params: apiDocumentParams,
    body: openApiDocumentShape,
    takes: { type: 'application/json', megabytes: LARGEST },
    reply: { status: 200, description: 'What was read of it.', body: apiDocumentSchema },
    handle: async ({ database }, { actor, params, body }) => {
      const written = await putDocument(
        database,
        { workspaceId: params.id, name: params.name, writtenBy: actor.personId },
        body,
      );
      while (await indexAssets(database, BATCH));
      return { body: written };
    },
  }),
  route({
    method: 'delete',
    path: '/workspaces/:id/api-documents/:name',
    tag,
    summary: 'Take an OpenAPI document away, with its APIs',
    access: onWorkspaceOf('source.write', 'workspace', findWorkspace),
    audit: 'api-document.delete',
    params: apiDocumentParams,
    reply: { status: 204, description: 'Its APIs are found no more.' },
    handle: async ({ database }, { params }) => {
      if (!(await deleteDocument(database, params.id, params.name))) throw notFound('API document');
      return { body: undefined };
    },
  }),
];
