import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { type Client, createClient } from '../server/client.js';
import { findServer } from '../server/find-server.js';
import { everyItem } from '../server/pages.js';
import { printJson, printLine, printTable, remark } from '../terminal/output.js';
import { type CommonOptions, withCommonOptions } from './options.js';
import type { HeldObject, HeldRemoval } from './wire.js';

interface DecisionOptions extends CommonOptions {
  note?: string;
}

/** `held`, `approve` and `reject`: what runs did not take off the map, and what a person has to say to it. */
export function heldCommands(program: Command): void {
  withCommonOptions(
    program
      .command('held [id]')
      .description('list removals that wait for a decision, or the tables of one of them')
      .option('--all', 'also those that were decided on or have expired'),
  ).action(held);
  for (const [decision, description] of [
    ['approve', 'take held tables off the map, named by the id that `held` lists or its beginning'],
    ['reject', 'keep held tables on the map'],
  ] as const)
    withCommonOptions(
      program.command(`${decision} <id>`).description(description).option('--note <text>', 'why, for the record'),
    ).action((id: string, options: DecisionOptions) => decide(decision, id, options));
}

async function held(id: string | undefined, options: CommonOptions & { all?: boolean }): Promise<void> {
  const client = createClient(findServer(options));
  if (id !== undefined) return showTables(client, id, options);
  const query = options.all === true ? {} : { status: ['held'] };
  const holds: HeldRemoval[] = [];
  for await (const hold of everyItem<HeldRemoval>(client, '/held-removals', { ...query, limit: 200 })) holds.push(hold);
  if (options.json === true) return printJson({ items: holds });
  if (holds.length === 0) return remark('No removals are held.');
  printTable(
    ['id', 'crawler', 'database', 'status', 'tables', 'of', 'run', 'expires', 'why'],
    holds.map((hold) => [
      hold.id,
      hold.crawler.name,
      hold.database,
      hold.status,
      hold.tables,
      hold.of,
      hold.run === null ? '' : String(hold.run.number),
      hold.expiresAt,
      hold.cause.reason,
    ]),
    [4, 5, 6],
  );
}

async function showTables(client: Client, name: string, options: CommonOptions): Promise<void> {
  const tables: HeldObject[] = [];
  const path = `/held-removals/${await holdIdOf(client, name)}/objects`;
  for await (const table of everyItem<HeldObject>(client, path, { limit: 500 })) tables.push(table);
  if (options.json === true) printJson({ items: tables });
  else
    printTable(
      ['table', 'type', 'columns', 'state'],
      tables.map((table) => [table.qualifiedName, table.type, table.columnCount, table.state]),
      [2],
    );
}

async function decide(decision: 'approve' | 'reject', name: string, options: DecisionOptions): Promise<void> {
  const client = createClient(findServer(options));
  const body = options.note === undefined ? {} : { note: options.note };
  const hold = await client.post<HeldRemoval>(`/held-removals/${await holdIdOf(client, name)}/${decision}`, body);
  if (options.json === true) printJson(hold);
  else if (decision === 'approve') printLine(`${hold.tables} tables of ${hold.database} are being taken off the map.`);
  else printLine(`${hold.tables} tables of ${hold.database} stay on the map.`);
}

/** @throws UsageError when no hold, or more than one, begins with the name */
async function holdIdOf(client: Client, name: string): Promise<string> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) return name;
  const found: string[] = [];
  for await (const { id } of everyItem<HeldRemoval>(client, '/held-removals', { limit: 200 }))
    if (id.startsWith(name.toLowerCase())) found.push(id);
  const [id, ...others] = found;
  if (id !== undefined && others.length === 0) return id;
  throw new UsageError(
    id === undefined ? `No removals are or were held as ${name}.` : `${found.length} ids begin with ${name}.`,
    'Give the id as datamap held --all lists it.',
  );
}
