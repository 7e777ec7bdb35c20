import type { Database } from '../db/database.js';
import { query } from '../db/query.js';

export interface FirstAdmin {
  personId: string;
  workspaceId: string;
  resourceGroupId: string;
  /** True when the person was made by this call. */
  created: boolean;
}

/**
 * Gives a new installation its first administrator, a workspace and a resource group, both called `default`. On one that
 * has them it only tells which they are; several processes may call it at once.
 *
 * The person is the enabled administrator with that address, else the first one, else it is made, without a password: it
 * gets in by a login link.
 */
export async function ensureFirstAdmin(
  database: Database,
  admin: { email: string; name: string },
): Promise<FirstAdmin> {
  return database.transaction(async (transaction) => {
    await query(transaction, 'SELECT pg_advisory_xact_lock(7303, 0)');
    const email = admin.email.trim().toLowerCase();
    const [known] = await query<{ id: string }>(
      transaction,
      `SELECT id FROM person
        WHERE tenant_role = 'admin' AND disabled_at IS NULL
        ORDER BY email = ? DESC, created_at, id
        LIMIT 1`,
      [email],
    );
    const personId = known?.id ?? (await makeAdmin(transaction, email, admin.name));
    await query(
      transaction,
      `INSERT INTO resource_group (id, name) VALUES ('default', 'default') ON CONFLICT (id) DO NOTHING`,
    );
    const workspaceId = await ensureWorkspace(transaction, personId);
    return { personId, workspaceId, resourceGroupId: 'default', created: known === undefined };
  });
}

async function makeAdmin(transaction: Database, email: string, name: string): Promise<string> {
  const [person] = await query<{ id: string }>(
    transaction,
    `INSERT INTO person (email, name, tenant_role) VALUES (:email, :name, 'admin')
     ON CONFLICT ON CONSTRAINT person_email_unique DO UPDATE SET tenant_role = 'admin', disabled_at = NULL
     RETURNING id`,
    { email, name },
  );
  if (person === undefined) throw new Error('PostgreSQL returned no row of a person it inserted');
  return person.id;
}

/** An existing `default` workspace keeps its members as they are. */
async function ensureWorkspace(transaction: Database, personId: string): Promise<string> {
  const [made] = await query<{ id: string }>(
    transaction,
    `INSERT INTO workspace (name) VALUES ('default') ON CONFLICT ON CONSTRAINT workspace_name_unique DO NOTHING RETURNING id`,
  );
  if (made !== undefined) {
    await query(
      transaction,
      `INSERT INTO workspace_member (workspace_id, person_id, role) VALUES (:workspaceId, :personId, 'admin')`,
      { workspaceId: made.id, personId },
    );
    return made.id;
  }
  const [known] = await query<{ id: string }>(transaction, `SELECT id FROM workspace WHERE name = 'default'`);
  if (known === undefined) throw new Error('The default workspace vanished while it was looked for');
  return known.id;
}
