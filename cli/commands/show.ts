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
  const { annotation, collectedAt, crawler, lastRun } = entity;
  const run = lastRun === null ? '' : `, run ${lastRun.number}`;
  const facts: [string, string | null][] = [
    ['guid', entity.guid],
    ['description', annotation.description],
    ['tags', listed(annotation.tags)],
    ['owners', listed(annotation.owners.map(({ name }) => name))],
    ["source's comment", entity.comment],
    ["source's owner", entity.owner],
    ['rows (estimate)', entity.rows === null ? null : entity.rows.toLocaleString('en')],
    ['bytes', entity.bytes === null ? null : entity.bytes.toLocaleString('en')],
    ['version', String(entity.version)],
    ['collected', collectedAt === null ? null : `${collectedAt} by ${crawler.name}${run}`],
    ['removed', entity.removedAt],
  ];
  for (const [label, value] of facts) if (value !== null) printLine(`  ${label}: ${visible(value)}`);
  if (columns.length === 0) return;
  const keys = new Set(entity.structure.primaryKey?.columns ?? []);
  printTable(
    ['#', 'column', 'type', 'null', 'key', 'default', 'comment', 'description', 'tags'],
    columns.map((column) => [
      column.ordinal,
      column.name,
      column.type,
      column.nullable ? 'yes' : 'no',
      keys.has(column.name) ? 'PK' : '',
      column.default ?? column.generated?.expression ?? '',
      column.comment ?? '',
      column.description ?? '',
      column.tags.join(', '),
    ]),
    [0],
  );
}

function listed(names: readonly string[]): string | null {
  return names.length === 0 ? null : names.join(', ');
}
