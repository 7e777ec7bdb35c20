import knexFactory, { type Knex } from 'knex';
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
  return builder.raw(`(d.retiring_at IS NULL AND (d.visibility = 'tenant' OR d.workspace_id = ANY (?::uuid[])))`, [
    [...actor.workspaces.keys()],
  ]);
}

/** The same for the search index: the marks of documents that the person may find. */
export function searchMarks(actor: Actor): string[] | 'everything' {
  if (actor.tenantRole === 'admin') return 'everything';
  return ['tenant', ...[...actor.workspaces.keys()].map((id) => `workspace:${id}`)];
}
