import type { Command } from 'commander';
import { type Client, createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { everyItem } from '../server/pages.js';
import { printJson, printLine, printTable, visible } from '../terminal/output.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import type { Column, Entity } from './wire.js';

export function showCommand(program: Command): void {
  withCommonOptions(
    program.command('show <guid>').description('show a table, schema or database of the map, by its guid or id'),
  ).action(show);
}

async function show(name: string, options: CommonOptions): Promise<void> {
  const client = createClient(findServer(options));
  const entity = await entityOf(client, name);
  const columns: Column[] = [];
  if (entity.kind === 'table')
    for await (const column of everyItem<Column>(client, `/tables/${entity.id}/columns`, { limit: 500 }))
      columns.push(column);
  if (options.json === true) printJson(entity.kind === 'table' ? { ...entity, columns } : entity);
  else printEntity(entity, columns);
}

async function entityOf(client: Client, name: string): Promise<Entity> {
  if (/^\d+$/.test(name)) return client.get<Entity>(`/entities/${name}`);
  return client.get<Entity>('/entities', { guid: name });
}

function printEntity(entity: Entity, columns: Column[]): void {
  printLine(`${visible(entity.qualifiedName)}  ${entity.type.toLowerCase().replaceAll('_', ' ')}`);
  const facts: [string, string | number | null | undefined][] = [
    ['guid', entity.guid],
    ['comment', entity.comment],
    ['description', entity.description],
    ['owner', entity.owner],
    ['rows (estimate)', entity.rowEstimate],
    ['bytes', entity.sizeBytes],
    ['version', entity.version],
  ];
  for (const [label, value] of facts)
    if (value !== null && value !== undefined) printLine(`  ${label}: ${visible(String(value))}`);
  if (columns.length === 0) return;
  const keys = new Set(entity.structure?.primaryKey?.columns ?? []);
  printTable(
    ['#', 'column', 'type', 'null', 'key', 'default', 'comment'],
    columns.map((column) => [
      column.ordinal,
      column.name,
      column.type,
      column.nullable ? 'yes' : 'no',
      keys.has(column.name) ? 'PK' : '',
      column.default ?? column.generated?.expression ?? '',
      column.comment ?? '',
    ]),
    [0],
  );
}
