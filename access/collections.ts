import knexFactory, { type Knex } from 'knex';
import type { Actor } from './actor.js';
import { can } from './authorise.js';
import { Forbidden, NotAnOwner } from './errors.js';
import { visiblePredicate } from './visibility.js';

/** Builds fragments and never connects. */
const builder = knexFactory({ client: 'pg' });

/** What decides who may do what with a collection. */
interface Shared {
  /** Whether the actor owns it. */
  mine: boolean;
  workspace: { id: string; name: string } | null;
  owners: readonly { name: string; disabled: boolean }[];
}

/**
 * The collections that a person sees, as a condition on the table `collection` under the alias `c`: public ones, those
 * of the person's workspaces, and what belongs to no workspace to its owners.
 */
export function visibleCollections(actor: Actor): Knex.Raw {
  if (actor.tenantRole === 'admin') return builder.raw('TRUE');
  return builder.raw(
    `(c.visibility = 'public'
      OR c.workspace_id = ANY (?::uuid[])
      OR (c.workspace_id IS NULL
          AND EXISTS (SELECT 1 FROM collection_owner own WHERE own.collection_id = c.id AND own.person_id = ?)))`,
    [[...actor.workspaces.keys()], actor.personId],
  );
}

/**
 * The items of collections that a person sees, as a condition on `collected_database` under the alias `d`: what the
 * person may see of the map, and, as gone, what is not collected any more for the members of its workspace.
 */
export function visibleItems(actor: Actor): Knex.Raw {
  const gone =
    actor.tenantRole === 'admin'
      ? builder.raw('d.workspace_id IS NOT NULL')
      : builder.raw('d.workspace_id = ANY (?::uuid[])', [[...actor.workspaces.keys()]]);
  return builder.raw('(? OR (d.retiring_at IS NOT NULL AND ?))', [visiblePredicate(actor), gone]);
}

/** Whether somebody who sees a collection may change it: its owners, and whoever has `collection.manage` over it. */
export function mayEditCollection(actor: Actor, collection: Shared): boolean {
  return collection.mine || can(actor, 'collection.manage', collection.workspace?.id);
}

/** @throws NotAnOwner */
export function requireEditor(actor: Actor, collection: Shared): void {
  if (mayEditCollection(actor, collection)) return;
  throw new NotAnOwner(
    collection.workspace,
    collection.owners.filter(({ disabled }) => !disabled).map(({ name }) => name),
  );
}

/** @throws Forbidden for who may not set or take off the official mark */
export function requireCertifier(actor: Actor, collection: Shared): void {
  if (can(actor, 'collection.certify', collection.workspace?.id)) return;
  throw new Forbidden('collection.certify', collection.workspace ?? undefined);
}
