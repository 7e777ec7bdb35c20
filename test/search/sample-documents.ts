import type { SearchDocument } from '../../search/port.js';

let next = 1;

/** A table's document, with what a test does not care about filled in. Ids are unique within a test file. */
export function tableDocument(document: Partial<SearchDocument> & { name: string }): SearchDocument {
  const id = document.id ?? String(next++);
  const database = document.database ?? 'shop';
  const schema = document.schema === undefined ? 'public' : document.schema;
  const sourceType = document.sourceType ?? 'postgresql';
  return {
    id,
    guid: `${sourceType}-table:db.example%3A5432::${database}:${schema ?? ''}:${document.name}:${id}`,
    kind: 'table',
    type: 'TABLE',
    qualifiedName: [database, schema, document.name].filter((place) => place !== null).join('.'),
    sourceType,
    dataSourceId: '7e0a4a36-0000-4000-8000-000000000001',
    dataSourceName: 'Main server',
    workspaceId: '7e0a4a36-0000-4000-8000-0000000000a1',
    workspaceName: 'Sales',
    crawlerId: '7e0a4a36-0000-4000-8000-0000000000c1',
    database,
    schema,
    owner: 'app',
    comment: null,
    description: null,
    tags: [],
    hasLineage: false,
    columnNames: ['id'],
    columnComments: [''],
    visibleTo: 'tenant',
    popularity: 0,
    changedAt: Date.UTC(2026, 0, 1) + Number.parseInt(id, 10) * 1000,
    ...document,
  };
}
