import knexFactory, { type Knex } from 'knex';
import type { Database } from '../db/database.js';
import { prepared, query } from '../db/query.js';
import type { Actor } from './actor.js';

/** Builds fragments and never connects. */
const builder = knexFactory({ client: 'pg' });

/** The workspaces whose sources, crawlers and runs the person may see. */
export function visibleWorkspaces(actor: Actor): string[] | 'everything' {
  return actor.tenantRole === 'admin' ? 'everything' : [...actor.workspaces.keys()];
}

/**
 * What the person may see of the map, as a condition on the table `collected_database` under the alias `d`: entities of
 * the person's workspaces, and those that are public within the tenant.
 * Nothing of a database that left its crawler's scope, tombstones included. Goes into other SQL as a binding.
 */
export function visiblePredicate(actor: Actor): Knex.Raw {
  if (actor.tenantRole === 'admin') return builder.raw('d.retiring_at IS NULL');
  return builder.raw('(d.retiring_at IS NULL AND ?)', [knownPredicate(actor)]);
}

/** The same without regard to whether a database has left: to whom it is no news that it was there. */
function knownPredicate(actor: Actor): Knex.Raw {
  if (actor.tenantRole === 'admin') return builder.raw('true');
  return builder.raw(`(d.visibility = 'tenant' OR d.workspace_id = ANY (?::uuid[]))`, [[...actor.workspaces.keys()]]);
}

/**
 * Which of these databases the person may see now, and of which it may be told that they left: those it would see had
 * they stayed.
 */
export async function visibleAmong(
  database: Database,
  actor: Actor,
  ids: readonly string[],
): Promise<{ visible: Set<string>; known: Set<string> }> {
  if (ids.length === 0) return { visible: new Set(), known: new Set() };
  const rows = await query<{ id: string; visible: boolean }>(
    database,
    'SELECT d.id, ? AS visible FROM collected_database d WHERE d.id = ANY (?::bigint[]) AND ?',
    [visiblePredicate(actor), [...ids], knownPredicate(actor)],
  );
  return {
    visible: new Set(rows.filter(({ visible }) => visible).map(({ id }) => id)),
    known: new Set(rows.map(({ id }) => id)),
  };
}

/**
 * The same for what is not on the map, as a condition on `lineage_node` under the alias `n`: what events of a workspace name
 * is its members' to see, and the rest is hidden with the tables that it is named by.
 */
export function visibleOutside(actor: Actor): Knex.Raw {
  if (actor.tenantRole === 'admin') return builder.raw('true');
  return builder.raw('(n.workspace_id IS NULL OR n.workspace_id = ANY (?::uuid[]))', [[...actor.workspaces.keys()]]);
}

/**
 * The same for the search index: the ids of the databases whose documents the person may find, as they stand now.
 * A document carries the id of its database, which never changes, so that a change of visibility or membership needs
 * no re-indexing. What may be seen is listed rather than what may not: a database that this list does not know yet,
 * or no longer, is then hidden.
 */
export async function searchMarks(database: Database, actor: Actor): Promise<string[] | 'everything'> {
  if (actor.tenantRole === 'admin') {
    const leaving = await prepared(database, 'SELECT 1 FROM collected_database WHERE retiring_at IS NOT NULL LIMIT 1');
    if (leaving.length === 0) return 'everything';
  }
  const [row] = await prepared<{ ids: string[] }>(
    database,
    // As one value: rows by the ten thousand take long to read.
    `SELECT coalesce(json_agg(d.id::text ORDER BY d.id), '[]') AS ids FROM collected_database d WHERE ?`,
    [visiblePredicate(actor)],
  );
  return row?.ids ?? [];
}

/** The ids of the databases that are public within the tenant now, in the words of the search index. */
export async function publicMarks(database: Database): Promise<string[]> {
  const rows = await query<{ id: string }>(
    database,
    `SELECT id FROM collected_database WHERE visibility = 'tenant' AND retiring_at IS NULL ORDER BY id`,
    [],
  );
  return rows.map(({ id }) => id);
}
